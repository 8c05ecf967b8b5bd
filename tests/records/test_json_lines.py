from __future__ import annotations

import pytest

from seaguard_cli.records import Format, Kind
from seaguard_cli.verdict import Item

from .helpers import described, items, one, records, texts

J = Format.JSONL


def failing(line: bytes) -> str:
    found = records(b'{"text": "before"}\n' + line + b'\n{"text": "after"}\n', J)
    assert [described(found[0]), described(found[2])] == [Item("before"), Item("after")]
    assert (found[1].raw, found[1].line) == (line, 2)
    return str(described(found[1]))


def test_an_empty_file_has_no_records() -> None:
    assert records(b"", J) == []


def test_every_line_is_an_object_with_its_own_bytes() -> None:
    found = records(b' {"text": "a"} \r\n{"text":"b"}', J)
    assert [(record.raw, record.end, record.line) for record in found] == [
        (b' {"text": "a"} ', b"\r\n", 1),
        (b'{"text":"b"}', b"", 2),
    ]
    assert items(found) == [Item("a"), Item("b")]
    assert {record.kind for record in found} == {Kind.OBJECT}


def test_a_string_is_its_own_text() -> None:
    record = one('"ก\\n"'.encode())
    assert (record.kind, record.item) == (Kind.STRING, Item("ก\n"))


def test_a_string_takes_the_task_asked_for() -> None:
    assert one(b'"a"', task="response").item == Item("", "a")


def test_a_string_has_no_place_for_a_key_called_text() -> None:
    assert described(one(b'"a"', key="text")) == "key_exists"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"7", "number"),
        (b"1E5", "number"),
        (b"1E999", "number"),
        (b"[]", "array"),
        (b"null", "null"),
        (b"true", "boolean"),
    ],
)
def test_another_value_is_no_text(value: bytes, found: str) -> None:
    record = one(value)
    assert record.kind is Kind.OTHER
    assert record.failure is not None
    assert (record.failure.code, record.failure.facts) == ("not_text", {"found": found})


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"   ",
        b"nonsense",
        b'{"text": "a"',
        b'{"text": "a"}}',
        b'{"text": "a"} {"text": "b"}',
        b'{"text": "a",}',
        b'{"text": NaN}',
        b'{"text": "a", "n": NaN}',
        b'{"text": "a", "n": Infinity}',
        b'{"text": "a", "n": -Infinity}',
        b'{"text": "a", "n": 01}',
        b'{"text": "a", "n": 0123456}',
        b'{"text": "a", "n": --12345}',
        b'{"text": "a", "n": 123.}',
        b'{"text": "a", "n": 1234e}',
        b'{"text": "a", "n": .12345}',
        b'{"text": "a", "n": +12345}',
        b'{"text": "a", "n": 0x12345}',
        b'{"text": "a", "n": 1234 5678}',
        b'{"text": "\\ud800"}',
        b'{"text": "\\udc00\\ud800"}',
        b'{"\\ud800": 1, "text": "a"}',
        b'{"text": "a\\x"}',
        b'{"text": "\\u12"}',
        b'{"text": "a\tb"}',
        b'{"text": "a\x00b"}',
        b"{'text': 'a'}",
        b'{"text": "a"}\x00',
        b'\xef\xbb\xbf{"text": "a"}',
        b'// c\r{"text": "a"}',
        b"[" * 5000,
        b"[" * 5000 + b"]" * 5000,
        b'{"text": "a", "n": ' + b"[" * 1024 + b"]" * 1024 + b"}",
        b'{"text":' * 5000,
        b"[" * 1_000_000,
        b'{"a":' * 1_000_000,
    ],
    ids=lambda line: repr(line[:24]) + str(len(line)),
)
def test_what_is_not_json_fails_alone(line: bytes) -> None:
    assert failing(line) == "invalid_json"


@pytest.mark.parametrize("line", [b"\xff", b'{"text": "\xff"}', b'{"\xc3": 1}', b'"\xed\xa0\x80"'])
def test_what_is_not_utf8_fails_alone(line: bytes) -> None:
    assert failing(line) == "invalid_utf8"


@pytest.mark.parametrize(
    "rest",
    [
        b"1E5",
        b"1E999",
        b"-1e400",
        b"-0",
        b"1" * 5000,
        b"0." + b"1" * 5000,
        b"1180591620717411303424",
        b"[" * 1023 + b"]" * 1023,
        b'[1E999, "1E999", ' + b"[" * 1000 + b"]" * 1000 + b"]",
        b'"\\u0000"',
        b'"\\ud83d\\ude00"',
        b'"\x7f"',
    ],
    ids=lambda rest: repr(rest[:24]) + str(len(rest)),
)
def test_json_that_other_parsers_refuse_is_judged(rest: bytes) -> None:
    assert one(b'{"n": ' + rest + b', "text": "a"}').item == Item("a")


def test_long_numbers_inside_the_text_stay() -> None:
    assert one(b'{"text": "1E999 12345", "n": 1E999}').item == Item("1E999 12345")


def test_a_failure_says_where() -> None:
    failure = one('{"ก": 1E999, "text": oops}'.encode()).failure
    assert failure is not None
    assert failure.facts["column"] == 22
    assert str(failure.facts["problem"])[0].islower()


def test_a_text_of_a_megabyte_is_read() -> None:
    assert len(texts(records(b'{"text": "' + b"x" * 2**20 + b'"}\n', J))[0]) == 2**20
