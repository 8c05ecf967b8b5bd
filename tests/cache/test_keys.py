"""No two prompts, ways or weights share a key, and a score comes back as it was kept or not."""

from __future__ import annotations

import struct
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaguard_cli.cache.keys import Keys, frame, identity_of, message
from seaguard_cli.prompt import Prompt, Segment, render
from seaguard_cli.verdict import Item, Score

from .helpers import CATALOGUE, SECRET, prompt_of

# Lone surrogates, too: their prompts fail, but not here.
texts = st.text(st.characters(exclude_categories=()), max_size=20)
segments = st.builds(Segment, texts, st.booleans())
prompts = st.builds(Prompt, st.tuples(segments, segments, segments), st.integers(0, 50))
shares = st.floats(0, 1)


def unframe(data: bytes) -> list[bytes]:
    """Take a frame apart: that it can be done at all is why no two things have the same."""
    count, at, pieces = int.from_bytes(data[:8], "little"), 8, []
    for _ in range(count):
        size = int.from_bytes(data[at : at + 8], "little")
        pieces.append(data[at + 8 : at + 8 + size])
        at += 8 + size
    assert at == len(data)
    return pieces


@given(st.lists(st.binary(max_size=30)))
def test_a_frame_can_be_taken_apart_again(pieces: list[bytes]) -> None:
    assert unframe(frame(pieces)) == pieces


@given(prompts)
def test_a_prompt_can_be_read_back_from_its_message(prompt: Prompt) -> None:
    head, *rest = unframe(message(prompt))
    read = tuple(
        Segment(text.decode("utf-8", "surrogatepass"), trusted == b"\x01")
        for trusted, text in zip(rest[::2], rest[1::2], strict=True)
    )
    assert Prompt(read, int.from_bytes(head, "little")) == prompt  # type: ignore[arg-type]


@given(prompts, prompts)
def test_different_prompts_have_different_messages(one: Prompt, other: Prompt) -> None:
    assert (message(one) == message(other)) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ab", "c", ""), ("a", "bc", "")),
        (("", "x", ""), ("x", "", "")),
        (("", "\U0001f600", ""), ("", "\ud83d\ude00", "")),
        (("", "\u00e9", ""), ("", "e\u0301", "")),
    ],
)
def test_neighbours_are_told_apart(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    first, second = (
        Prompt((Segment(a, False), Segment(b, False), Segment(c, False)), 0)
        for a, b, c in (one, other)
    )
    assert message(first) != message(second)


def test_task_instruction_and_family_are_in_the_key() -> None:
    families, instruction = CATALOGUE.families.values(), CATALOGUE.instructions["sea-guard"]
    item = Item("hello")
    asked = [render(item, family, instruction) for family in families]
    family = CATALOGUE.families["qwen"]
    asked.append(render(Item("", "hello"), family, instruction))
    asked.append(render(Item("hello", ""), family, instruction))
    asked.append(Prompt((asked[0].segments[0], Segment("hello", False), Segment("", True)), 0))
    keys = Keys(SECRET, ["w"], exact="e", packed="p")
    found = [keys.places(prompt) for prompt in asked]
    assert len({key for places in found for key in places}) == 2 * len(asked)


def test_weights_ways_and_secret_are_in_the_key() -> None:
    ways = [
        Keys(SECRET, ["w"], exact="e", packed="p"),
        Keys(SECRET, ["v"], exact="e", packed="p"),
        Keys(SECRET, ["w", "v"], exact="e", packed="p"),
        Keys(SECRET, ["wv"], exact="e", packed="p"),
        Keys(SECRET, ["w"], exact="f", packed="q"),
        Keys(SECRET[::-1], ["w"], exact="e", packed="p"),
    ]
    found = [keys.places(prompt_of("hello")) for keys in ways]
    for one, other in combinations(found, 2):
        assert not {*one} & {*other}


def test_a_key_tells_nothing_of_its_text_without_the_secret() -> None:
    places = [
        Keys(bytes([first]) * 32, ["w"], exact="e", packed="p").places(prompt_of("hello"))
        for first in range(256)
    ]
    assert len({key for one in places for key in one}) == 512


@given(shares, shares, st.booleans())
def test_a_score_comes_back_to_the_bit(unsafe: float, mass: float, exact: bool) -> None:
    keys = Keys(SECRET, ["w"], exact="e", packed="p")
    key = b"k" * 16
    found = keys.unseal(key, keys.seal(key, Score(unsafe, mass, exact)), exact=exact)
    assert found is not None
    assert struct.pack("<dd", found.unsafe, found.mass) == struct.pack("<dd", unsafe, mass)
    assert found.exact is exact


@given(st.integers(0, 24 * 8 - 1))
def test_a_single_wrong_bit_makes_it_no_score(bit: int) -> None:
    keys = Keys(SECRET, ["w"], exact="e", packed="p")
    kept = int.from_bytes(keys.seal(b"k" * 16, Score(0.25, 1.0)), "big") ^ (1 << bit)
    assert keys.unseal(b"k" * 16, kept.to_bytes(24, "big"), exact=True) is None


@pytest.mark.parametrize("kept", [b"", b"x" * 24, b"x" * 23, b"x" * 100])
def test_other_bytes_are_no_score(kept: bytes) -> None:
    assert Keys(SECRET, ["w"], exact="e", packed="p").unseal(b"k" * 16, kept, exact=True) is None


def test_a_score_moved_to_another_key_is_none() -> None:
    keys = Keys(SECRET, ["w"], exact="e", packed="p")
    kept = keys.seal(b"k" * 16, Score(0.25, 1.0))
    assert keys.unseal(b"l" * 16, kept, exact=True) is None


def test_the_mark_of_a_secret_is_no_key_under_it() -> None:
    assert identity_of(SECRET) != identity_of(SECRET[::-1])
    places = Keys(SECRET, [], exact="", packed="").places(prompt_of(""))
    assert identity_of(SECRET) not in places
