"""Whatever comes in: no exception, nothing lost, and the chunks make no difference."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seaguard_cli.errors import InputFailed, UsageError
from seaguard_cli.records import Form, Format, Header, Record

from .helpers import judged, records

PIECES = st.sampled_from(
    [
        b'{"text": "a"}',
        b'{"text": "\xe0\xb8\x81", "n": [1, {"b": null}]}',
        b'{"text":',
        b'"x"',
        b'"',
        b"\\",
        b"\\u0041",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"1E999",
        b"true",
        b" ",
        b"\t",
        b"\r",
        b"\n",
        b"\r\n",
        b"id,text\n",
        b'1,"a\nb"\n',
        b"\x00",
        b"\xff",
        b"\xef\xbb\xbf",
        b"text",
        b"\x1f\x8b\x08\x00",
        b"\x28\xb5\x2f\xfd",
        gzip.compress(b'{"text": "a"}\n', mtime=0),
        b"PAR1",
        b"\x15",
    ]
)
ANYTHING = st.binary(max_size=60) | st.lists(PIECES, max_size=24).map(b"".join)
FORMATS = st.sampled_from([None, *Format])
# What is in another encoding, or packed, by its first bytes.
MARKS = (
    *(b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff"),
    *(b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00", b"PK\x03\x04", b"BZh"),
    *(bytes((number, 0x2A, 0x4D, 0x18)) for number in range(0x50, 0x60)),
)


def read_any(
    data: bytes, format: Format | None, step: int | None = None
) -> tuple[list[Record], list[Header]] | str:
    headers: list[Header] = []
    try:
        return records(data, format, step=step, headers=headers, key="seaguard"), headers
    except (UsageError, InputFailed) as refusal:
        return repr(refusal)


@given(ANYTHING, FORMATS, st.integers(1, 7))
@example(b'{"a": "\\', Format.JSON, 1)
@example(b'["a\\\n"b"]', Format.JSON, 1)
@example(b'[{"a": "\\\n,{"text": "b"}]', Format.JSON, 3)
@example(b'[{"a":1, {"text": "b"}]', Format.JSON, 1)
def test_the_chunks_make_no_difference(data: bytes, format: Format | None, step: int) -> None:
    assert read_any(data, format, step) == read_any(data, format)


@given(ANYTHING, st.integers(1, 5), st.sampled_from(list(Format)))
def test_the_chunks_make_no_difference_to_what_is_too_large(
    data: bytes, step: int, format: Format
) -> None:
    def found(step: int | None) -> list[Record] | str:
        try:
            return records(data, format, step=step, max_record=8)
        except (UsageError, InputFailed) as refusal:
            return repr(refusal)

    assert found(step) == found(None)


@given(ANYTHING.filter(lambda data: not data.startswith((*MARKS, b"\xef\xbb\xbf"))))
@pytest.mark.parametrize("format", [Format.TEXT, Format.JSONL])
def test_there_are_as_many_records_as_lines_and_they_hold_every_byte(
    format: Format, data: bytes
) -> None:
    found = records(data, format)
    assert b"".join(record.raw + record.end for record in found) == data
    assert len(found) == data.count(b"\n") + (data[-1:] not in (b"", b"\n"))
    assert [record.line for record in found] == list(range(1, len(found) + 1))


@given(ANYTHING)
def test_every_byte_of_a_table_is_in_its_header_or_a_row(data: bytes) -> None:
    got = read_any(data, Format.CSV)
    if not isinstance(got, str) and not data.startswith(MARKS):
        found, headers = got
        whole = b"".join(header.raw for header in headers)
        whole += b"".join(record.raw + record.end for record in found)
        assert whole == data.removeprefix(b"\xef\xbb\xbf")


@given(ANYTHING)
def test_every_byte_of_a_json_input_but_blanks_and_commas_is_in_a_record(data: bytes) -> None:
    got = read_any(data, Format.JSON)
    if not isinstance(got, str) and not data.startswith(MARKS):
        data = data.removeprefix(b"\xef\xbb\xbf")
        outside = data.translate(None, b" \t\r\n,[]")
        inside = b"".join(record.raw for record in got[0]).translate(None, b" \t\r\n,[]")
        assert inside == outside


@given(ANYTHING, FORMATS)
def test_json_output_is_json_with_as_many_records(data: bytes, format: Format | None) -> None:
    got = read_any(data, format)
    if isinstance(got, str):
        return
    found, _ = got
    array = json.loads(judged(found, Form.JSON))
    lines = judged(found).split(b"\n")
    assert lines.pop() == b""
    assert [json.loads(line) for line in lines] == array
    assert len(array) == len(found)
    assert all(list(value)[-1] == "seaguard" for value in array)
    for record, value in zip(found, array, strict=True):
        assert ("error" in value["seaguard"]) == (record.failure is not None)


@given(ANYTHING, FORMATS)
def test_no_output_line_has_the_key_twice(data: bytes, format: Format | None) -> None:
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert [key for key, _ in pairs].count("seaguard") <= 1
        return dict(pairs)

    for replace in (False, True):
        try:
            found = records(data, format, key=None if replace else "seaguard")
        except (UsageError, InputFailed):
            return
        json.loads(judged(found, Form.JSON, replace=replace), object_pairs_hook=once)


@given(ANYTHING, FORMATS, st.sampled_from([Form.CSV, Form.LABELS, Form.TEXT]))
def test_the_other_forms_take_anything_too(data: bytes, format: Format | None, form: Form) -> None:
    got = read_any(data, format)
    if isinstance(got, str):
        return
    found, headers = got
    written = judged(found, form, headers=headers, replace=True).decode()
    if form is not Form.CSV:
        assert written.count("\n") == len(found)
