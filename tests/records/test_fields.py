from __future__ import annotations

import json
from typing import Any

import pytest

from seaguard_cli.errors import Failure
from seaguard_cli.verdict import Item

from .helpers import described, one


def judged(fields: dict[str, Any], **selection: Any) -> Item | str:
    return described(one(json.dumps(fields).encode(), **selection))


def failure(fields: dict[str, Any], **selection: Any) -> Failure:
    found = one(json.dumps(fields).encode(), **selection).failure
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["text", "prompt", "content", "message", "input"])
def test_a_field_of_a_usual_name_is_the_prompt(name: str) -> None:
    assert judged({"id": 1, name: "a"}) == Item("a")


def test_the_first_of_the_usual_names_wins_wherever_it_stands() -> None:
    names = ["input", "message", "content", "prompt", "text"]
    assert judged({name: name for name in names}) == Item("text")
    assert judged({name: name for name in names[:-1]}) == Item("prompt")


def test_a_response_beside_a_prompt_is_judged_with_it() -> None:
    assert judged({"response": "b", "prompt": "a"}) == Item("a", "b")
    assert judged({"text": "t", "prompt": "a", "response": "b"}) == Item("a", "b")


def test_a_null_response_is_none() -> None:
    assert judged({"prompt": "a", "response": None}) == Item("a")


def test_an_empty_response_is_one() -> None:
    assert judged({"prompt": "a", "response": ""}) == Item("a", "")


def test_a_response_alone_is_a_response_to_nothing() -> None:
    assert judged({"response": "b"}) == Item("", "b")
    assert judged({"text": "a", "response": "b"}) == Item("a")


def test_an_empty_text_is_a_text() -> None:
    assert judged({"text": ""}) == Item("")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, "null"),
        (7, "number"),
        (1.5, "number"),
        (2**70, "number"),
        (True, "boolean"),
        ([], "array"),
        ({}, "object"),
    ],
)
def test_what_is_not_a_text_is_told_with_its_type(value: object, found: str) -> None:
    got = failure({"text": value, "content": "b"})
    assert (got.code, got.facts) == ("not_text", {"field": "text", "found": found})


def test_a_response_that_is_not_a_text_is_told() -> None:
    assert failure({"prompt": "a", "response": 7}).facts == {"field": "response", "found": "number"}
    assert failure({"prompt": 7, "response": "a"}).facts == {"field": "prompt", "found": "number"}


def test_a_record_without_a_usual_name_is_told() -> None:
    got = failure({"body": "a"})
    assert got.code == "missing_field"
    assert got.facts == {"field": "messages, text, prompt, content, message, input, response"}
    assert judged({}) == "missing_field"


def test_the_prompt_task_judges_the_prompt_alone() -> None:
    assert judged({"prompt": "a", "response": "b"}, task="prompt") == Item("a")
    assert judged({"text": "a"}, task="prompt") == Item("a")


def test_the_prompt_task_never_takes_a_response() -> None:
    assert judged({"response": "b"}, task="prompt") == "missing_field"


def test_the_response_task_takes_both_or_the_one_text_there_is() -> None:
    assert judged({"prompt": "a", "response": "b"}, task="response") == Item("a", "b")
    assert judged({"text": "b"}, task="response") == Item("", "b")
    assert judged({"response": "b"}, task="response") == Item("", "b")


def test_a_named_field_alone_counts() -> None:
    assert judged({"text": "a", "body": "b"}, field="body") == Item("b")
    assert judged({"text": "a", "body": "b"}, field="body", task="response") == Item("", "b")
    assert judged({"prompt": "a", "response": "b"}, field="response") == Item("b")


def test_a_named_field_that_is_missing_or_null_is_told() -> None:
    assert failure({"text": "a"}, field="body").facts == {"field": "body"}
    assert judged({"text": "a", "body": None}, field="body") == "not_text"


@pytest.mark.parametrize(
    ("fields", "path", "expected"),
    [
        ({"message": {"body": "a"}}, "message.body", "a"),
        ({"message.body": "b", "message": {"body": "a"}}, "message.body", "b"),
        ({"x": {"a.b": "b", "a": {"b": "a"}}}, "x.a.b", "b"),
        ({"a.b": {"c": "x"}}, "a.b.c", "x"),
        ({"prompts": [{"local_prompt": "a"}]}, "prompts.0.local_prompt", "a"),
        ({"prompts": ["a", "b"]}, "prompts.1", "b"),
        ({"prompts": {"1": "b"}}, "prompts.1", "b"),
        ({"a": [["x"]]}, "a.0.0", "x"),
        ({"": "x"}, "", "x"),
        ({"a": {"": "x"}}, "a.", "x"),
        ({".": "x"}, ".", "x"),
    ],
)
def test_a_path_leads_into_objects_and_lists(
    fields: dict[str, Any], path: str, expected: str
) -> None:
    assert judged(fields, field=path) == Item(expected)


@pytest.mark.parametrize(
    "path",
    ["a.2", "a.-1", "a.x", "a.", "a.²", "a.0.0", "b.c", "a..0", "a." + "9" * 5000, ".a", ""],
)
def test_a_path_that_leads_nowhere_is_told(path: str) -> None:
    assert judged({"a": ["x", "y"], "b": "z"}, field=path) == "missing_field"


def test_a_named_prompt_and_response_are_judged_together() -> None:
    fields = {"q": {"t": "a"}, "r": "b", "text": "c"}
    assert judged(fields, prompt_field="q.t", response_field="r") == Item("a", "b")
    assert judged(fields, prompt_field="q.t", response_field="r", task="prompt") == Item("a")


@pytest.mark.parametrize("fields", [{"q": "a"}, {"q": "a", "r": None}])
def test_a_named_response_that_is_not_there_leaves_the_prompt(fields: dict[str, Any]) -> None:
    assert judged(fields, prompt_field="q", response_field="r") == Item("a")
    got = failure(fields, prompt_field="q", response_field="r", task="response")
    assert (got.code, got.facts) == ("missing_field", {"field": "r"})


def test_a_named_prompt_that_is_not_there_is_told() -> None:
    got = failure({"r": "b", "prompt": "a"}, prompt_field="q", response_field="r")
    assert (got.code, got.facts) == ("missing_field", {"field": "q"})


def test_a_named_response_alone_is_a_response_to_nothing() -> None:
    assert judged({"r": "b", "prompt": "a"}, response_field="r") == Item("", "b")
    assert judged({"r": None, "prompt": "a"}, response_field="r") == "missing_field"
    assert judged({"r": "b", "prompt": "a"}, response_field="r", task="prompt") == "missing_field"


def test_a_named_prompt_alone_is_the_prompt() -> None:
    assert judged({"q": "a", "response": "b"}, prompt_field="q") == Item("a")
    assert judged({"q": "a"}, prompt_field="q", task="response") == Item("", "a")


def test_the_key_to_be_added_may_not_be_there() -> None:
    got = failure({"text": "a", "seaguard": 1}, key="seaguard")
    assert (got.code, got.facts) == ("key_exists", {"key": "seaguard"})
    assert described(one(b'{"sea\\u0067uard": 1}', key="seaguard")) == "key_exists"


def test_the_key_to_be_added_may_be_deeper_down() -> None:
    assert judged({"text": "a", "old": {"seaguard": 1}}, key="seaguard") == Item("a")


def test_the_key_is_not_looked_for_unless_it_is_told() -> None:
    assert judged({"text": "a", "seaguard": 1}) == Item("a")
