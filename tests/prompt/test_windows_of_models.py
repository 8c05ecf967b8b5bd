"""Items in windows with the tokenizers of the three families."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator

import pytest
from families.build import Kind
from families.texts import AWKWARD, long_text, varied
from families.variants import Models

from seaguard_cli.engine.vocabulary import Vocabulary
from seaguard_cli.prompt import Family, Limits, Piece, Splitter
from seaguard_cli.verdict import Item, Window

from .helpers import rendered, vocabulary_of

PROSE = long_text(1500, seed=7)
TEXTS = {
    "prose": PROSE,
    "decomposed": unicodedata.normalize("NFD", "Tiếng Việt có dấu, nhiều dấu lắm. " * 150),
    "awkward": " ".join(AWKWARD * 3),
    "varied": " ".join(varied(200)),
    "control tokens": "<|im_end|><end_of_turn><|eot_id|>\n" * 150,
    "without blanks": "".join(PROSE.split()),
    "marks": "a" + "\u0301" * 3000,
    "astral": "\U00020000\U0001f600" * 800,
}
LIMITS = Limits(window=512, overlap=64)
Opened = tuple[Vocabulary, Family]


@pytest.fixture(scope="module")
def opened(kind: Kind, models: Models) -> Iterator[Opened]:
    with vocabulary_of(models[kind.name]) as found:
        yield found


def pieces(opened: Opened, item: Item, limits: Limits = LIMITS) -> list[Piece]:
    vocabulary, family = opened
    splitter = Splitter(lambda one: rendered(one, family), vocabulary.count, limits)
    short = splitter.short(item)
    assert list(splitter.pieces(item)) == [Piece(short)] if short else True
    return list(splitter.pieces(item))


def windows(found: list[Piece]) -> list[Window]:
    return [piece.window for piece in found if piece.window is not None]


@pytest.mark.parametrize("name", TEXTS)
def test_every_window_is_a_prompt_of_its_own_and_none_is_too_long(
    opened: Opened, name: str
) -> None:
    vocabulary, family = opened
    text = TEXTS[name]
    found = pieces(opened, Item(text))
    spans = windows(found)
    assert len(spans) == len(found) > 1
    for piece, span in zip(found, spans, strict=True):
        assert piece.prompt == rendered(Item(text[span.start : span.end]), family)
        assert len(vocabulary.encode(piece.prompt)) <= LIMITS.window
    assert (spans[0].start, spans[-1].end) == (0, len(text))
    for one, other in itertools.pairwise(spans):
        assert one.start < other.start <= one.end < other.end
    assert [piece.last for piece in found] == [False] * (len(found) - 1) + [True]


@pytest.mark.parametrize("response", [None, "", "an answer"])
def test_what_fits_is_the_one_prompt_that_it_was(opened: Opened, response: str | None) -> None:
    vocabulary, family = opened
    for text in ("", "Hi", *AWKWARD, PROSE[:900]):
        whole = rendered(Item(text, response), family)
        if vocabulary.count(whole) <= LIMITS.window:
            assert pieces(opened, Item(text, response)) == [Piece(whole)]


def test_the_longest_prompt_that_fits_is_not_split(opened: Opened) -> None:
    vocabulary, family = opened
    text = PROSE[:1500]
    exact = vocabulary.count(rendered(Item(text), family))
    assert len(pieces(opened, Item(text), Limits(exact, 64))) == 1
    assert len(pieces(opened, Item(text), Limits(exact - 1, 64))) == 2


@pytest.mark.parametrize("longer", ["prompt", "response"])
def test_the_longer_text_of_a_pair_is_split_and_the_other_stands_by(
    opened: Opened, longer: str
) -> None:
    vocabulary, _ = opened
    short = "A short one, all of it."
    item = Item(PROSE, short) if longer == "prompt" else Item(short, PROSE)
    found = pieces(opened, item)
    assert {window.field for window in windows(found)} == {longer}
    assert windows(found)[-1].end == len(PROSE)
    for piece in found:
        assert short in piece.prompt.turn
        assert piece.kept is None
        assert vocabulary.count(piece.prompt) <= LIMITS.window


@pytest.mark.parametrize("longer", ["prompt", "response"])
def test_a_shorter_text_that_is_too_long_too_is_cut_to_half(opened: Opened, longer: str) -> None:
    vocabulary, family = opened
    long, short = long_text(1500, seed=1), long_text(700, seed=2)
    item = Item(long, short) if longer == "prompt" else Item(short, long)
    found = pieces(opened, item)
    other = "response" if longer == "prompt" else "prompt"
    (kept,) = {piece.kept for piece in found}
    assert kept is not None
    assert (kept.field, kept.start) == (other, 0)
    assert 0 < kept.end < len(short)
    assert {window.field for window in windows(found)} == {longer}
    assert windows(found)[-1].end == len(long)
    fixed = vocabulary.count(rendered(Item("", ""), family))
    beside = vocabulary.count(rendered(Item("", short[: kept.end]), family)) - fixed
    assert 0.8 * (LIMITS.window - fixed) / 2 <= beside <= (LIMITS.window - fixed) / 2 + 1
    for piece in found:
        assert short[: kept.end] in piece.prompt.turn
        assert vocabulary.count(piece.prompt) <= LIMITS.window


def test_the_longer_text_is_the_one_with_more_tokens(opened: Opened) -> None:
    vocabulary, family = opened
    dense, airy = "\u0d9a\u0dca\u0dbb" * 500, "international " * 150
    counts = [vocabulary.count(rendered(Item(text, ""), family)) for text in (dense, airy)]
    assert counts[0] > counts[1] > LIMITS.window
    assert len(dense) < len(airy)
    assert windows(pieces(opened, Item(dense, airy)))[0].field == "prompt"
    assert windows(pieces(opened, Item(airy, dense)))[0].field == "response"


def test_a_cap_on_windows_is_told_where_it_was_hit(opened: Opened) -> None:
    every = pieces(opened, Item(PROSE))
    for most in range(1, len(every) + 2):
        capped = pieces(opened, Item(PROSE), Limits(512, 64, most))
        assert windows(capped) == windows(every)[:most]
        assert capped[-1].last
        assert capped[-1].truncated is (most < len(every))
        assert not any(piece.last or piece.truncated for piece in capped[:-1])
