from __future__ import annotations

import json

import pytest

from seaguard_cli.records import Kind, Record, Selection, from_arguments
from seaguard_cli.verdict import Item

from .helpers import UNSAFE_JSON, described, input_of, items, judged


def arguments(*texts: str, response: str | None = None, **selection: object) -> list[Record]:
    return list(from_arguments(texts, response=response, selection=Selection(**selection)))  # type: ignore[arg-type]


def test_every_argument_is_a_text() -> None:
    found = arguments("a\nb", "", "ก")
    assert items(found) == [Item("a\nb"), Item(""), Item("ก")]
    assert [record.line for record in found] == [1, 2, 3]
    assert {record.kind for record in found} == {Kind.TEXT}


def test_a_response_is_judged_beside_the_text() -> None:
    assert items(arguments("a", "b", response="c")) == [Item("a", "c"), Item("b", "c")]
    assert items(arguments("a", response="")) == [Item("a", "")]


def test_the_prompt_task_leaves_the_response_out_of_the_judgement_only() -> None:
    found = arguments("a", response="c", task="prompt")
    assert items(found) == [Item("a")]
    assert json.loads(judged(found))["response"] == "c"


def test_the_response_task_takes_a_text_alone_for_a_response() -> None:
    found = arguments("a", task="response")
    assert items(found) == [Item("", "a")]
    assert list(json.loads(judged(found))) == ["text", "seaguard"]


def test_bytes_that_are_not_utf8_fail_and_come_back() -> None:
    found = arguments("a\udcffb", "c")
    assert items(found) == ["invalid_utf8", Item("c")]
    assert input_of(judged(found).splitlines()[0]) == b"a\xffb"


def test_a_response_that_is_not_utf8_fails() -> None:
    assert items(arguments("a", response="\udcff")) == ["invalid_utf8"]


def test_a_surrogate_from_elsewhere_fails() -> None:
    assert items(arguments("\ud800")) == ["invalid_utf8"]


def test_a_text_becomes_an_object() -> None:
    text = 'a "b"\n\\ ก\x00'
    line = judged(arguments(text))
    assert line == b'{"text": "a \\"b\\"\\n\\\\ \xe0\xb8\x81\\u0000", "seaguard": ' + (
        UNSAFE_JSON + b"}\n"
    )
    assert json.loads(line)["text"] == text


def test_a_text_with_a_response_becomes_an_object_of_both() -> None:
    line = judged(arguments("a", response="b"))
    assert line == b'{"prompt": "a", "response": "b", "seaguard": ' + UNSAFE_JSON + b"}\n"


@pytest.mark.parametrize("key", ["prompt", "response"])
def test_a_key_called_like_one_of_them_is_told(key: str) -> None:
    (record,) = arguments("a", response="b", key=key)
    assert described(record) == "key_exists"
    assert list(json.loads(judged([record], key=key))) == [key]
