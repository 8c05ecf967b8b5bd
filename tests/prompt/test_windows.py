"""A text in windows: all of it, in order, none too long, and no letter parted.

The counters here are stand-ins for tokenizers; `test_windows_of_models.py` has real ones.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import regex
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from seaguard_cli.errors import FailureCode, ItemFailed
from seaguard_cli.prompt.letters import may_cut
from seaguard_cli.prompt.windows import Count, Span, spans

FIXED = 10
FAMILY = "👩‍👩‍👧‍👦"
LETTERS = [
    "a",
    "é",
    "ก",
    "กำ",
    "မြ",
    "க",
    "漢",
    FAMILY,
    "🇹🇭",
    "👍🏽",
    "e\u0301\u0327\u0302",
    "\U00020000",
]
VOCABULARY = sorted(
    {"the ", "there ", "he", "re", "in", "ing", "international", "  ", "    "}, key=len
)


def characters(piece: str) -> int:
    return FIXED + len(piece)


def every_byte(piece: str) -> int:
    return FIXED + len(piece.encode())


def words(piece: str) -> int:
    return FIXED + len(piece.split())


def by_threes(piece: str) -> int:
    return FIXED + -(-len(piece) // 3)


def merged(piece: str) -> int:
    """Longest match first: a cut within a word makes more tokens of it, and blanks make few."""
    pattern = "|".join(map(regex.escape, reversed(VOCABULARY)))
    return FIXED + len(regex.findall(f"{pattern}|.", piece, regex.DOTALL))


def joined(piece: str) -> int:
    """The instruction's last token takes the first letter in."""
    return FIXED + max(len(piece) - 1, 0)


COUNTERS: list[Count] = [characters, every_byte, words, by_threes, merged, joined]
PROSE = st.lists(
    st.one_of(
        st.sampled_from([*LETTERS, *VOCABULARY, " ", "\n", "\r\n", "the international thing "]),
        st.text(st.characters(exclude_categories=("Cs",)), max_size=8),
    ),
    max_size=60,
).map("".join)


def split(text: str, count: Count, limit: int = 50, overlap: int = 8) -> list[Span]:
    return list(spans(text, count, limit=limit, overlap=overlap))


@settings(max_examples=300)
@given(PROSE, st.sampled_from(COUNTERS), st.integers(FIXED + 6, 60), st.integers(0, 30))
@example("the " * 200, words, 40, 15)
@example("\u0301" * 500, every_byte, 40, 15)
@example(FAMILY * 40, every_byte, 40, 15)
@example("\n" * 300, characters, 17, 3)
@example("", characters, 16, 0)
def test_windows_hold_all_of_a_text_in_order_and_none_is_too_long(
    text: str, count: Count, limit: int, overlap: int
) -> None:
    found = split(text, count, limit, overlap)
    assert (found[0].start, found[-1].end) == (0, len(text))
    for start, end in found:
        assert count(text[start:end]) <= limit
    for one, other in itertools.pairwise(found):
        assert one.start < other.start <= one.end < other.end


@given(PROSE, st.sampled_from(COUNTERS), st.integers(FIXED + 6, 60), st.integers(0, 30))
def test_a_text_that_fits_is_one_window(text: str, count: Count, limit: int, overlap: int) -> None:
    assert (split(text, count, limit, overlap) == [(0, len(text))]) == (count(text) <= limit)


@given(PROSE, st.sampled_from([characters, by_threes]), st.integers(0, 40))
@example("abc" * 100, characters, 40)
def test_neighbours_share_at_most_the_overlap_and_half_of_a_window(
    text: str, count: Count, overlap: int
) -> None:
    found = split(text, count, 60, overlap)
    for one, other in itertools.pairwise(found):
        assert count(text[other.start : one.end]) - FIXED <= min(overlap, 25)


@pytest.mark.parametrize("count", [characters, every_byte, by_threes, merged])
@pytest.mark.parametrize("overlap", [0, 10, 40, 64, 200, 499])
def test_neighbours_share_nearly_the_overlap(count: Count, overlap: int) -> None:
    text = "the international thing is there in the morning. " * 100
    wanted = min(overlap, (500 - FIXED) // 2)
    found = split(text, count, 500, overlap)
    assert len(found) > 2
    for one, other in itertools.pairwise(found):
        shared = count(text[other.start : one.end]) - FIXED
        assert wanted * 0.6 <= shared <= wanted


@pytest.mark.parametrize("count", [characters, every_byte, by_threes, merged, words])
def test_every_window_but_the_last_is_nearly_full(count: Count) -> None:
    text = "the international thing is there in the morning. " * 300
    for start, end in split(text, count, 500, 60)[:-1]:
        assert count(text[start:end]) >= FIXED + 0.85 * 490


@given(PROSE, st.sampled_from([characters, every_byte, by_threes]), st.integers(80, 120))
@example("aaaaaaaaaกำกำ" + FAMILY * 2, every_byte, 80)
def test_no_letter_is_parted(text: str, count: Count, limit: int) -> None:
    longest = max((count(one) for one in regex.findall(r"\X", text)), default=0)
    assume(longest <= limit // 2)
    for start, end in split(text, count, limit, 20):
        assert may_cut(text, start)
        assert may_cut(text, end)


def test_a_letter_is_parted_only_where_no_window_could_hold_it() -> None:
    zalgo = "a" + "\u0301" * 1000
    found = split(zalgo, characters, FIXED + 100, 20)
    assert found[-1].end == len(zalgo)
    assert all(count <= FIXED + 100 for count in (characters(zalgo[a:b]) for a, b in found))
    assert len(found) < 20


def test_cuts_are_where_blanks_are() -> None:
    text = "international business as usual in the morning " * 200
    for start, end in split(text, characters, 1000, 100)[:-1]:
        assert text[end - 1] == " "
        assert start == 0 or text[start - 1] == " "


def test_nothing_is_cut_into_two_lines_ends() -> None:
    text = "x\r\n" * 1000
    for start, end in split(text, characters, 100, 10):
        assert text[start : start + 1] != "\n"
        assert end == len(text) or text[end - 1] != "\r"


@pytest.mark.parametrize("limit", [1, FIXED - 1, FIXED])
def test_a_window_that_the_instruction_fills_has_no_room(limit: int) -> None:
    with pytest.raises(ItemFailed) as raised:
        split("some text", characters, limit)
    assert raised.value.failure.code == FailureCode.TOO_LONG
    assert raised.value.failure.facts["limit"] == limit


def test_a_letter_that_is_larger_than_a_window_has_no_room() -> None:
    with pytest.raises(ItemFailed) as raised:
        split("漢字", every_byte, FIXED + 2)
    assert raised.value.failure.facts == {"tokens": FIXED + 3, "limit": FIXED + 2}


def test_windows_come_one_by_one() -> None:
    counted = 0

    def counting(piece: str) -> int:
        nonlocal counted
        counted += len(piece)
        return every_byte(piece)

    text = "some words " * 100_000
    found = spans(text, counting, limit=200, overlap=20)
    next(found)
    first = counted
    assert first < 10_000
    next(found)
    assert counted - first < 10_000


@pytest.mark.parametrize(
    "text",
    [
        "some words in a row " * 20_000,
        "x" * 400_000,
        " " * 400_000,
        "\u0301" * 400_000,
        FAMILY * 50_000,
        "".join(" " * 5000 + "dense" * 1000 for _ in range(40)),
    ],
    ids=["prose", "one letter", "blanks", "marks", "families", "changing"],
)
@pytest.mark.parametrize("count", [characters, every_byte, by_threes, merged])
def test_what_is_counted_grows_with_the_text_and_no_faster(
    text: str, count: Callable[[str], int]
) -> None:
    counted = largest = 0

    def counting(piece: str) -> int:
        nonlocal counted, largest
        counted += len(piece)
        largest = max(largest, len(piece))
        return count(piece)

    for _ in spans(text, counting, limit=2048, overlap=256):
        pass
    assert counted < 10 * len(text)
    assert largest < 140_000


def test_an_enormous_text_is_never_counted_as_a_whole() -> None:
    text = "x" * 10_000_000
    found = spans(text, lambda piece: every_byte(piece[:100_000]), limit=2048, overlap=256)
    assert next(found).end < 3000
