from __future__ import annotations

import pytest

from seaguard_cli.records import Format, Kind
from seaguard_cli.verdict import Item

from .helpers import items, one, records, texts


def test_an_empty_file_has_no_records() -> None:
    assert records(b"", Format.TEXT) == []


def test_every_line_is_a_text_and_keeps_its_line_end() -> None:
    found = records("ก\r\nb\nc".encode(), Format.TEXT)
    assert texts(found) == ["ก", "b", "c"]
    assert [record.end for record in found] == [b"\r\n", b"\n", b""]
    assert [record.line for record in found] == [1, 2, 3]
    assert {record.kind for record in found} == {Kind.TEXT}


def test_no_record_follows_the_last_line_feed() -> None:
    assert texts(records(b"a\n", Format.TEXT)) == ["a"]


def test_a_blank_line_is_an_empty_text() -> None:
    assert items(records(b"a\n\n\r\n \n", Format.TEXT)) == [
        Item("a"),
        Item(""),
        Item(""),
        Item(" "),
    ]


@pytest.mark.parametrize("mark", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\r"])
def test_only_a_line_feed_ends_a_line(mark: str) -> None:
    assert texts(records(f"a{mark}b\n".encode(), Format.TEXT)) == [f"a{mark}b"]


def test_only_one_carriage_return_belongs_to_the_line_end() -> None:
    record = one(b"a\r\r\n", Format.TEXT)
    assert (record.raw, record.end) == (b"a\r", b"\r\n")


def test_a_carriage_return_without_a_line_feed_belongs_to_the_text() -> None:
    record = one(b"a\r", Format.TEXT)
    assert (record.raw, record.end) == (b"a\r", b"")


def test_nul_is_a_character_like_any_other() -> None:
    assert texts(records(b"a\x00b\n\x00\n", Format.TEXT)) == ["a\0b", "\0"]


def test_a_line_that_is_not_utf8_fails_alone() -> None:
    found = records(b"a\n\xff\xc3\nb\n", Format.TEXT)
    assert texts(found) == ["a", "invalid_utf8", "b"]
    assert found[1].raw == b"\xff\xc3"
    assert found[1].failure is not None
    assert found[1].failure.facts == {"byte": 1}


def test_a_surrogate_written_as_utf8_is_not_utf8() -> None:
    assert texts(records(b"\xed\xa0\x80\n", Format.TEXT)) == ["invalid_utf8"]


def test_a_line_of_a_megabyte_is_read() -> None:
    assert len(texts(records(b"x" * 2**20 + b"\nb\n", Format.TEXT))[0]) == 2**20


def test_json_in_a_text_is_a_text() -> None:
    assert texts(records(b'{"text": "a"}\n', Format.TEXT)) == ['{"text": "a"}']


def test_the_response_task_makes_the_text_a_response_to_nothing() -> None:
    assert items(records(b"a\n", Format.TEXT, task="response")) == [Item("", "a")]


def test_the_key_of_a_text_is_taken_when_it_is_called_text() -> None:
    assert texts(records(b"a\n", Format.TEXT, key="text")) == ["key_exists"]


def test_a_whole_input_is_one_text_without_its_last_line_end() -> None:
    record = one(b"a\n\nb\r\n", None, whole=True)
    assert (record.raw, record.end, record.item) == (b"a\n\nb", b"\r\n", Item("a\n\nb"))


def test_a_whole_input_is_not_looked_into() -> None:
    assert texts(records(b'{"text": "a"}', whole=True, name="a.jsonl")) == ['{"text": "a"}']


def test_a_whole_empty_input_has_no_records() -> None:
    assert records(b"", whole=True) == []


def test_a_whole_input_that_is_too_large_is_one_failure() -> None:
    record = one(b"x" * 11, None, whole=True, max_record=10)
    assert record.failure is not None
    assert (record.failure.code, record.failure.facts) == ("too_large", {"limit": 10})


def test_a_whole_input_may_be_as_large_as_the_limit() -> None:
    assert texts(records(b"x" * 10 + b"\r\n", whole=True, max_record=10)) == ["x" * 10]
