from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from seaguard_cli.errors import Failure, FailureCode
from seaguard_cli.records import Form, Format, Look, Record, Selection, from_arguments
from seaguard_cli.verdict import TurnVerdict, Verdict, Window

from .helpers import MODEL, SAFE, UNSAFE, judged, records


def shown(text: str, outcome: Verdict | Failure = UNSAFE, **look: object) -> str:
    found = from_arguments([text], response=None, selection=Selection())
    return judged(found, Form.TEXT, outcome, look=Look(**look)).decode()  # type: ignore[arg-type]


def test_label_score_and_text_stand_below_each_other() -> None:
    assert shown("a") == "unsafe  0.973  a\n"
    assert shown("a", SAFE) == "safe    0.020  a\n"
    unknown = Verdict("safe", None, 0.5, "prompt", MODEL)
    assert shown("a", unknown) == "safe    -      a\n"
    assert shown("") == "unsafe  0.973\n"


def test_an_error_says_where_which_and_why() -> None:
    found = records(b'{"text": "a"}\n{"id": 1}\n', Format.JSONL)
    assert judged(found, Form.TEXT).decode().splitlines()[1] == (
        "error   line 2: missing_field: cannot judge "
        "(field=messages, text, prompt, content, message, input, response)"
    )


def test_a_pair_is_shown_with_an_arrow() -> None:
    found = from_arguments(["a\nb"], response="c\x1bd", selection=Selection())
    assert judged(found, Form.TEXT).decode() == "unsafe  0.973  a\\nb → c\\x1bd\n"


def test_both_of_a_long_pair_are_seen() -> None:
    for prompt, response, expected in [
        ("p" * 99, "r" * 99, "pppppppppp… → rrrrrrrrrr…"),
        ("p" * 99, "r", "pppppppppppppppppppp… → r"),
        ("p", "r" * 99, "p → rrrrrrrrrrrrrrrrrrrr…"),
    ]:
        found = from_arguments([prompt], response=response, selection=Selection())
        line = judged(found, Form.TEXT, look=Look(width=40)).decode()
        assert line == f"unsafe  0.973  {expected}\n"


def test_a_text_is_cut_to_the_line() -> None:
    assert shown("x" * 25, width=40) == "unsafe  0.973  " + "x" * 25 + "\n"
    assert shown("x" * 26, width=40) == "unsafe  0.973  " + "x" * 24 + "…\n"


def test_a_text_is_not_cut_without_a_width() -> None:
    assert shown("x" * 10_000) == "unsafe  0.973  " + "x" * 10_000 + "\n"


def test_a_very_narrow_line_still_shows_something() -> None:
    assert shown("x" * 99, width=3) == "unsafe  0.973  xxxxxxx…\n"


LANGUAGES = {
    "Thai": "สวัสดีครับ ผู้ใหญ่ น้ำ " * 20,
    "Burmese": "မင်္ဂလာပါ ကျေးဇူးတင်ပါတယ် " * 20,
    "Tamil": "வணக்கம் எப்படி இருக்கிறீர்கள் " * 20,
    "Khmer": "សួស្តី អ្នកសុខសប្បាយទេ " * 20,
    "Chinese": "你好，世界" * 40,
    "Vietnamese": unicodedata.normalize("NFD", "Tiếng Việt đẹp lắm ") * 20,
    "emoji": "👨‍👩‍👧❤️🇸🇬👍🏽" * 30,
    "marks": "a" + "\u0301" * 100_000,
}


@pytest.mark.parametrize("text", LANGUAGES.values(), ids=LANGUAGES)
@pytest.mark.parametrize("width", [20, 40, 41, 80])
def test_no_line_is_wider_than_the_terminal(text: str, width: int) -> None:
    line = shown(text, width=width).rstrip("\n")
    assert cell_len(line) <= max(width, 23)
    assert line.endswith("…")


@pytest.mark.parametrize("text", LANGUAGES.values(), ids=LANGUAGES)
def test_no_letter_is_parted_from_its_marks(text: str) -> None:
    if text == LANGUAGES["marks"]:
        pytest.skip("so many marks are no letter's, and are cut")
    for width in range(24, 60):
        kept = shown(text, width=width).rstrip("\n").removesuffix("…")[15:]
        rest = text[len(kept) :]
        assert text.startswith(kept)
        if kept:
            assert not unicodedata.category(rest[0]).startswith("M")
            assert rest[0] != "\u200d"
            assert kept[-1] != "\u200d"


def test_the_joiners_of_these_scripts_stay() -> None:
    assert shown("ශ්\u200dරී a\u200cb\u200bc").endswith("ශ්\u200dරී a\u200cb\u200bc\n")


@given(st.text(max_size=80), st.integers(1, 100), st.booleans())
def test_a_record_is_one_line_that_moves_no_cursor(text: str, width: int, colour: bool) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    line = shown(text, width=width, colour=colour)
    assert line.endswith("\n")
    plain = re.sub(r"^\x1b\[1;31m(unsafe)\x1b\[0m", r"\1", line[:-1])
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", plain)
    assert cell_len(plain) <= max(width, 23)


def test_markup_is_not_interpreted() -> None:
    assert shown("[bold]a[/b] [link=x]") == "unsafe  0.973  [bold]a[/b] [link=x]\n"


def test_colours_only_when_asked_for() -> None:
    assert "\x1b" not in shown("a")
    assert shown("a", colour=True) == "\x1b[1;31munsafe\x1b[0m  0.973  a\n"
    assert shown("a", SAFE, colour=True) == "\x1b[32msafe  \x1b[0m  0.020  a\n"
    failure = Failure(FailureCode.ENGINE)
    assert shown("a", failure, colour=True).startswith("\x1b[33merror \x1b[0m  line 1: engine: ")


def test_colours_do_not_count_for_the_width() -> None:
    plain, coloured = (shown("x" * 99, width=40, colour=colour) for colour in (False, True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def long(record: Record, width: int | None = None, **changes: object) -> str:
    verdict = replace(UNSAFE, **changes)  # type: ignore[arg-type]
    return judged([record], Form.TEXT, verdict, look=Look(width=width)).decode()


def test_a_long_text_is_shown_by_the_window_that_decided() -> None:
    (record,) = from_arguments(["0123456789" * 3], response=None, selection=Selection())
    window = Window("text", 12, 15)
    line = long(record, window=window, windows=7)
    assert line == "unsafe  0.973  [12:15, worst of 7 windows] 234\n"
    capped = long(record, window=window, windows=7, truncated=True)
    assert capped == "unsafe  0.973  [12:15, worst of the first 7 windows] 234\n"


def test_a_long_pair_is_shown_by_its_window_and_what_was_kept() -> None:
    (record,) = from_arguments(["0123456789"], response="abcdefghij", selection=Selection())
    prompt, response = Window("prompt", 2, 4), Window("response", 0, 3)
    line = long(record, window=prompt, windows=3, kept=response)
    assert line.endswith("  [2:4, worst of 3 windows, response cut to 0:3] 23 → abc\n")
    line = long(record, window=replace(response, start=1), windows=3, kept=replace(prompt, start=0))
    assert line.endswith("  [1:3, worst of 3 windows, prompt cut to 0:4] 0123 → bc\n")


def test_a_lone_response_is_shown_by_its_window() -> None:
    selection = Selection(task="response")
    (record,) = from_arguments(["0123456789"], response=None, selection=selection)
    assert long(record, window=Window("text", 2, 4), windows=3).endswith("]  → 23\n")


def test_a_conversation_is_shown_by_the_turn_that_decided() -> None:
    data = b"""{"messages": [{"role": "user", "content": "hello"},
        {"role": "assistant", "content": "a bomb is made of"}, {"role": "user", "content": "x"}]}"""
    (record,) = records(data, Format.JSON, each_turn=True)
    turns = (
        TurnVerdict(0, "user", SAFE),
        TurnVerdict(1, "assistant", UNSAFE),
        TurnVerdict(2, "user", SAFE),
    )
    assert long(record, turns=turns) == "unsafe  0.973  [turn 1] hello → a bomb is made of\n"
    windows = {"turns": turns, "window": Window("messages.1.content", 2, 6), "windows": 2}
    assert long(record, **windows).endswith("  [turn 1, 2:6, worst of 2 windows] hello → bomb\n")


@pytest.mark.parametrize("width", range(1, 90))
def test_a_note_makes_no_line_wider(width: int) -> None:
    (record,) = from_arguments(["กำ" * 500], response=None, selection=Selection())
    line = long(record, width, window=Window("text", 12, 900), windows=7).rstrip("\n")
    assert cell_len(line) <= max(width, 23)
    assert ("[12:900" in line) == (width >= 15 + len("[12:900, worst of 7 windows] ") + 8)


def test_labels_are_one_word_a_line() -> None:
    found = records(b'{"text": "a"}\nbad\n', Format.JSONL)
    assert judged(found, Form.LABELS) == b"unsafe\nerror\n"
    assert judged(found, Form.LABELS, SAFE) == b"safe\nerror\n"
    assert judged([], Form.LABELS) == b""
