from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaguard_cli.records import literal


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x00\x07\x08", "\\x00\\x07\\x08"),
        ("\x7f\x80\x9b", "\\x7f\\x80\\x9b"),
        ("\u202eabc\u202c", "\\u202eabc\\u202c"),
        ("\u2066\u2067\u2068\u2069", "\\u2066\\u2067\\u2068\\u2069"),
        ("\u200e\u200f\u061c", "\\u200e\\u200f\\u061c"),
        ("\u2028\u2029\ufeff", "\\u2028\\u2029\\ufeff"),
        ("\ud800\udfff", "\\ud800\\udfff"),
        ("\U000e0041\U000e007f", "\\U000e0041\\U000e007f"),
    ],
)
def test_what_a_terminal_would_act_on_is_an_escape(text: str, shown: str) -> None:
    assert literal(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "สวัสดี",
        "မြန်မာ",
        "தமிழ்",
        "ශ්\u200dරී",
        "a\u200cb",
        "ខ្មែរ\u200b",
        "👨‍👩‍👧",
        "[b]",
        "\\x1b",
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert literal(text) == text


@given(st.text())
def test_what_is_shown_has_no_control_character(text: str) -> None:
    shown = literal(text)
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in shown)
    assert not any(
        unicodedata.bidirectional(character)
        in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "B")
        for character in shown
    )
