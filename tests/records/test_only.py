from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaguard_cli.errors import Failure
from seaguard_cli.records import Format, Header, Look, Outcome, Record, open_filter

from .helpers import SAFE, UNSAFE, Sink, filtered, records

Pair = tuple[Record, Outcome]


def labelled(found: list[Record]) -> list[Pair]:
    """Call unsafe what has `bad` in it."""
    return [
        (record, record.failure or (UNSAFE if b"bad" in record.raw else SAFE)) for record in found
    ]


def passed(data: bytes, format: Format, label: str = "unsafe") -> bytes:
    headers: list[Header] = []
    found = records(data, format, headers=headers)
    return filtered(labelled(found), label, headers=headers)


def test_lines_of_the_label_pass_byte_for_byte() -> None:
    data = b'{"text":"bad" , "n": 1E5}\r\n{"text": "a"}\n {"text": "bad"}'
    assert passed(data, Format.JSONL) == b'{"text":"bad" , "n": 1E5}\r\n {"text": "bad"}'
    assert passed(data, Format.JSONL, "safe") == b'{"text": "a"}\n'


def test_nothing_passes_of_nothing() -> None:
    assert passed(b"", Format.TEXT) == b""
    assert passed(b"a\n", Format.TEXT) == b""


def test_a_failure_never_passes_and_is_told() -> None:
    told: list[tuple[Record, Failure]] = []
    found = records(b'{"text": "bad"}\nbad\n', Format.JSONL)
    assert filtered(labelled(found), "safe", told=told) == b""
    assert told == [(found[1], found[1].failure)]


def test_rows_pass_below_their_header() -> None:
    data = b'id,text\r\n1,"bad\r\nx"\r\n2,a\r\n3,bad'
    assert passed(data, Format.CSV) == b'id,text\r\n1,"bad\r\nx"\r\n3,bad'


def test_a_header_stands_though_no_row_passes() -> None:
    assert passed(b"id,text\n1,a\n", Format.CSV) == b"id,text\n"


def two(first: bytes, second: bytes, format: Format) -> bytes:
    """Give what passes of two files, one behind the other."""
    headers: list[Header] = []
    sink = Sink()
    writer = open_filter("unsafe", sink, note=lambda record, failure: None, look=Look())
    for data in (first, second):
        headers.clear()
        found = records(data, format, headers=headers)
        for header in headers:
            writer.header(header)
        for record, outcome in labelled(found):
            writer.write(record, outcome)
    writer.close()
    return sink.data


def test_one_header_stands_above_the_rows_of_two_tables_alike() -> None:
    assert two(b"id,text\n1,bad", b"id,text\r\n2,bad\n", Format.CSV) == b"id,text\n1,bad\n2,bad\n"
    assert two(b"text", b"text\nbad", Format.CSV) == b"text\nbad"


def test_another_header_stands_above_rows_of_another_table() -> None:
    assert two(b"text\nbad", b"a,text\n2,bad\n", Format.CSV) == b"text\nbad\na,text\n2,bad\n"


def test_the_last_line_of_a_file_gets_its_end_when_another_follows() -> None:
    assert two(b"bad 1", b"bad 2", Format.TEXT) == b"bad 1\nbad 2"
    assert two(b"bad 1", b"a", Format.TEXT) == b"bad 1"


def test_elements_of_an_array_come_out_as_an_array() -> None:
    data = b'[{"text":"bad",\n"n":1E5}, {"text": "a"}, "bad"]'
    assert passed(data, Format.JSON) == b'[\n{"text":"bad",\n"n":1E5},\n"bad"\n]\n'


def test_an_array_of_which_nothing_passes_is_empty() -> None:
    assert passed(b'["a"]', Format.JSON) == b"[]\n"


def test_values_of_a_sequence_pass_one_a_line() -> None:
    assert passed(b'{"text": "bad"} "bad"\n\n"a"', Format.JSON) == b'{"text": "bad"}\n"bad"\n'


def test_lines_behind_an_array_stand_behind_it() -> None:
    array = records(b'["bad"]', Format.JSON)
    lines = records(b"bad", Format.TEXT)
    assert filtered(labelled(lines + array + lines)) == b'bad\n[\n"bad"\n]\nbad'


@given(st.lists(st.sampled_from(["bad", "good", "badly", "né"]), max_size=8))
def test_an_array_stays_valid_json(values: list[str]) -> None:
    written = passed(json.dumps(values).encode(), Format.JSON)
    assert json.loads(written or b"[]") == [value for value in values if "bad" in value]


@given(st.lists(st.sampled_from([b"bad\n", b"a\n", b"bad\r\n", b"\n"]), max_size=8))
@pytest.mark.parametrize("label", ["safe", "unsafe"])
def test_what_passes_are_lines_of_the_input(label: str, lines: list[bytes]) -> None:
    expected = [line for line in lines if (b"bad" in line) == (label == "unsafe")]
    assert passed(b"".join(lines), Format.TEXT, label) == b"".join(expected)


def test_a_terminal_is_shown_escapes() -> None:
    found = records(b"bad\x1b[2J\xc2\x9b\n", Format.TEXT)
    shown = filtered(labelled(found), look=Look(literal=True))
    assert shown == b"bad\\x1b[2J\\x9b\n"
