"""A text is cut between what a reader takes for letters; `regex`'s clusters are the oracle."""

from __future__ import annotations

import unicodedata

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from seaguard_cli.prompt.letters import may_cut

CLUSTERS = [
    "ก",
    "กำ",
    "เก้า"[1:3],
    "คู่"[:3],
    "é",
    "e\u0301\u0327",
    "👩‍👩‍👧‍👦",
    "👍🏽",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "🇹🇭",
    "❤️",
    "한",
    "\u1112\u1161\u11ab",
    "가\u11a8",
    "\r\n",
    "நி",
    "கோ",
    "မြ",
    "a\u200d",
]
INDIC = ["က္က", "ක්‍ෂ", "क्ष", "ক্ত"]
PIECES = st.lists(
    st.sampled_from([*CLUSTERS, *INDIC, "a", " ", "\n", "\r", "ข", "漢", "\u200d", "🇲"])
)
ANY = st.text(st.characters(exclude_categories=("Cs", "Cn")))


def boundaries(text: str) -> set[int]:
    """Where the clusters of UAX 29 begin."""
    return {found.start() for found in regex.finditer(r"\X", text)} | {len(text)}


def cuts(text: str) -> set[int]:
    return {at for at in range(len(text) + 1) if may_cut(text, at)}


@pytest.mark.parametrize("cluster", [*CLUSTERS, *INDIC])
def test_a_letter_is_not_cut(cluster: str) -> None:
    assert cuts(f"x{cluster}y") == {0, 1, len(cluster) + 1, len(cluster) + 2} - (
        {len(cluster) + 1} if cluster.endswith("\u200d") else set()
    )


@given(PIECES)
def test_letters_side_by_side_are_cut_nowhere_else(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert cuts(text) <= boundaries(text)


@given(ANY)
@example("\U0001f1f9\U0001f1ed" * 3)
def test_no_text_is_cut_within_a_cluster(text: str) -> None:
    # A character that Unicode learnt of after this Python is told apart by its neighbours alone.
    assert cuts(text) <= boundaries(text)


@given(st.text(st.characters(categories=("L", "N", "P", "Z"), max_codepoint=0x2FF)))
def test_between_letters_of_their_own_a_cut_is_anywhere(text: str) -> None:
    assert cuts(text) == set(range(len(text) + 1))


def test_a_flag_is_not_cut_in_a_row_of_flags() -> None:
    row = "🇹🇭🇲🇾🇻🇳"
    assert cuts(row) == {0, 2, 4, 6}


def test_ends_of_a_text_are_always_cuts() -> None:
    assert may_cut("", 0)
    assert may_cut("\u0301", 0)
    assert may_cut("\u0301", 1)


def test_what_the_standard_library_knows_is_told() -> None:
    assert unicodedata.combining("\u1039") == 9
    assert not may_cut("က္က", 2)
