from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaguard_cli.errors import Failure, FailureCode, UsageError
from seaguard_cli.records import Form, Format, Header, Look, Selection, from_arguments
from seaguard_cli.verdict import Verdict

from .helpers import MODEL, UNSAFE, judged, records

OURS = ["seaguard_label", "seaguard_score", "seaguard_error"]
JUDGED = ["unsafe", "0.9731", ""]


def table(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))


def written(data: bytes, format: Format, **options: object) -> list[list[str]]:
    headers: list[Header] = []
    found = records(data, format, headers=headers)
    return table(judged(found, Form.CSV, headers=headers, **options))  # type: ignore[arg-type]


def test_a_table_keeps_its_columns_and_gets_three() -> None:
    assert written(b'id,text\r\n1,"a, ""b""\r\nc"\r\n', Format.CSV) == [
        ["id", "text", *OURS],
        ["1", 'a, "b"\r\nc', *JUDGED],
    ]


def test_a_table_without_rows_keeps_its_header() -> None:
    assert written(b"id,text\n", Format.CSV) == [["id", "text", *OURS]]


def test_an_empty_input_has_our_header() -> None:
    assert written(b"", Format.CSV) == [OURS]


def test_lines_end_in_a_line_feed() -> None:
    assert judged(records(b"a\n", Format.TEXT), Form.CSV) == (
        b"text,seaguard_label,seaguard_score,seaguard_error\na,unsafe,0.9731,\n"
    )


def test_a_score_that_is_not_known_is_an_empty_cell() -> None:
    outcome = Verdict("safe", None, 0.5, "prompt", MODEL)
    assert table(judged(records(b"a", Format.TEXT), Form.CSV, outcome))[1] == ["a", "safe", "", ""]


def test_a_failure_is_told_by_its_code_beside_the_cells() -> None:
    outcome = Failure(FailureCode.TOO_LONG)
    got = table(judged(records(b"a", Format.TEXT), Form.CSV, outcome))
    assert got[1] == ["a", "", "", "too_long"]


def test_a_ragged_row_keeps_the_cells_that_have_a_column() -> None:
    assert written(b"id,text\n1\n2,a,b\n\xff,c\n", Format.CSV)[1:] == [
        ["1", "", "", "", "ragged_row"],
        ["2", "a", "", "", "ragged_row"],
        ["", "", "", "", "invalid_utf8"],
    ]


def test_the_first_object_tells_the_columns() -> None:
    data = b'{"id": 1180591620717411303424, "text": "a", "x": [1, "\\u0e01"], "n": null}\n'
    assert written(data + b'{"text": "b"}\n', Format.JSONL) == [
        ["id", "text", "x", "n", *OURS],
        ["1180591620717411303424", "a", '[1, "\\u0e01"]', "null", *JUDGED],
        ["", "b", "", "", *JUDGED],
    ]


def test_an_object_that_cannot_be_judged_tells_the_columns_too() -> None:
    assert written(b'{"id": 1}\n{"id": 2, "text": "a"}\n', Format.JSONL)[:2] == [
        ["id", *OURS],
        ["1", "", "", "missing_field"],
    ]


def test_texts_have_a_column_text() -> None:
    assert written(b"a\n\n", Format.TEXT)[0] == ["text", *OURS]
    assert written(b'"\\u0e01"\n', Format.JSONL) == [["text", *OURS], ["ก", *JUDGED]]


def test_a_text_with_a_response_has_two_columns() -> None:
    found = from_arguments(["a"], response="b", selection=Selection())
    assert table(judged(found, Form.CSV)) == [["prompt", "response", *OURS], ["a", "b", *JUDGED]]


def test_failures_before_the_first_object_keep_their_place() -> None:
    assert written(b'bad\n7\n{"text": "a"}\n', Format.JSONL) == [
        ["text", *OURS],
        ["", "", "", "invalid_json"],
        ["", "", "", "not_text"],
        ["a", *JUDGED],
    ]


def test_failures_alone_have_our_columns() -> None:
    assert written(b"bad\n", Format.JSONL) == [OURS, ["", "", "invalid_json"]]


def test_no_more_than_a_thousand_failures_wait() -> None:
    noted: list[str] = []
    data = b"bad\n" * 1001 + b'{"text": "a"}\n'
    got = written(data, Format.JSONL, note=noted.append)
    assert got[0] == OURS
    assert len(got) == 1003
    assert noted == ["text"]


def test_a_key_without_a_column_is_told_once() -> None:
    noted: list[str] = []
    data = b'{"text": "a"}\n{"text": "b", "id": 1}\n{"text": "c", "id": 2, "n": 3}\n'
    assert len(written(data, Format.JSONL, note=noted.append)) == 4
    assert noted == ["id", "n"]


def test_a_key_that_occurs_twice_is_told() -> None:
    noted: list[str] = []
    written(b'{"text": "a", "id": 1, "id": 2}\n', Format.JSONL, note=noted.append)
    assert noted == ["id"]


def test_a_column_of_ours_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        written(b"text,seaguard_score\na,b\n", Format.CSV)
    assert "seaguard_score" in str(caught.value.facts["problem"])
    assert "--replace" in str(caught.value.facts["remedy"])


def test_replacing_overwrites_our_columns() -> None:
    noted: list[str] = []
    got = written(
        b"seaguard_label,text,seaguard_score\na,b,c\n",
        Format.CSV,
        replace=True,
        note=noted.append,
    )
    assert got == [["text", *OURS], ["b", *JUDGED]]
    assert noted == []


def test_the_key_begins_the_names_of_our_columns() -> None:
    assert written(b"a\n", Format.TEXT, key="guard")[0] == [
        "text",
        "guard_label",
        "guard_score",
        "guard_error",
    ]


CELL = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6))
def test_every_cell_comes_out_as_it_went_in(rows: list[tuple[str, str]]) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("id", "text"), *rows])
    assert written(text.getvalue().encode(), Format.CSV) == [
        ["id", "text", *OURS],
        *([*row, *JUDGED] for row in rows),
    ]


def test_a_terminal_is_shown_escapes() -> None:
    shown = judged(records(b"a\x1b[2J\n", Format.TEXT), Form.CSV, UNSAFE, look=Look(literal=True))
    assert shown.endswith(b"\na\\x1b[2J,unsafe,0.9731,\n")
