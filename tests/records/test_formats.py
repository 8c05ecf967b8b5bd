from __future__ import annotations

import pytest

from seaguard_cli.errors import InputEncoding
from seaguard_cli.records import Format
from seaguard_cli.verdict import Item

from .helpers import items, records, texts


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.jsonl", b'"x"\n', ["x"]),
        ("a.NDJSON", b'"x"\n', ["x"]),
        ("dir.csv/a.json", b'["x", "y"]', ["x", "y"]),
        ("a.json", b'{"text": "x"}\n\n{"text": "y"}', ["x", "y"]),
        ("a.csv", b"id,text\n1,x\n", ["x"]),
        ("a.tsv", b"id\ttext\n1\tx\n", ["x"]),
        ("a.txt", b'{"text": "x"}\n', ['{"text": "x"}']),
        ("a.log", b'{"text": "x"}\n', ["x"]),
        ("csv", b"id,text\n", ["id,text"]),
    ],
)
def test_a_suffix_tells_the_format(name: str, data: bytes, expected: list[str]) -> None:
    assert texts(records(data, name=name)) == expected


def test_a_format_that_is_given_counts_more_than_the_suffix() -> None:
    assert texts(records(b'{"text": "x"}\n', Format.TEXT, name="a.jsonl")) == ['{"text": "x"}']


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b'{"text": "x"}\n{"text": "y"}\n', ["x", "y"]),
        (b'\n {"text": "x"}\n', ["invalid_json", "x"]),
        (b' [\n\n {"text": "x"}]', ["x"]),
        (b'["x"]', ["x"]),
        (b"[ ]", []),
        (b"[1, 2]\n", ["[1, 2]"]),
        (b"[sic] he said\nb\n", ["[sic] he said", "b"]),
        (b"[[]]\n", ["[[]]"]),
        (b"[", ["["]),
        (b" \n\t\n", [" ", "\t"]),
        (b'"x"\n', ['"x"']),
        (b"a,b\n", ["a,b"]),
        (b"\x0b{\n", ["\x0b{"]),
    ],
)
@pytest.mark.parametrize("step", [1, 2, 1000])
def test_the_first_bytes_tell_the_format_and_none_is_lost(
    data: bytes, expected: list[str], step: int
) -> None:
    assert texts(records(data, step=step)) == expected


def test_looking_for_the_first_byte_ends_after_64_kib() -> None:
    blanks = b" " * 70_000
    assert texts(records(blanks + b'{"text": "x"}\n')) == [blanks.decode() + '{"text": "x"}']
    short = b" " * 60_000
    assert texts(records(short + b'{"text": "x"}\n')) == ["x"]


@pytest.mark.parametrize("format", [None, Format.TEXT, Format.JSONL])
@pytest.mark.parametrize("step", [1, 2, 1000])
def test_a_utf8_mark_is_dropped(format: Format | None, step: int) -> None:
    (record,) = records(b'\xef\xbb\xbf{"text": "x"}\n', format, step=step)
    assert record.raw == b'{"text": "x"}'


def test_a_utf8_mark_is_dropped_before_a_header_and_a_whole_text() -> None:
    assert texts(records(b"\xef\xbb\xbftext\nx\n", Format.CSV)) == ["x"]
    assert items(records(b"\xef\xbb\xbfx", whole=True)) == [Item("x")]


def test_a_mark_alone_has_no_records() -> None:
    assert records(b"\xef\xbb\xbf") == []


def test_only_one_mark_is_dropped() -> None:
    assert texts(records(b"\xef\xbb\xbf\xef\xbb\xbfx\n")) == ["\ufeffx"]


def test_part_of_a_mark_is_no_mark() -> None:
    assert texts(records(b"\xef\xbb", step=1)) == ["invalid_utf8"]
    assert texts(records(b"\x00\x00\n", step=1)) == ["\0\0"]


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("UTF-16", b"\xff\xfe"),
        ("UTF-16", b"\xfe\xff"),
        ("UTF-32", b"\xff\xfe\x00\x00"),
        ("UTF-32", b"\x00\x00\xfe\xff"),
    ],
)
@pytest.mark.parametrize("step", [1, 1000])
@pytest.mark.parametrize("whole", [False, True])
def test_another_encoding_is_named_and_refused(
    encoding: str, mark: bytes, step: int, whole: bool
) -> None:
    with pytest.raises(InputEncoding) as caught:
        records(mark + b"a\x00", step=step, name="a.txt", whole=whole)
    assert caught.value.facts == {"path": "a.txt", "encoding": encoding}
