from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaguard_cli.verdict import Item

from .helpers import described, one


def judged(raw: str, **selection: Any) -> Item | str:
    return described(one(raw.encode(), **selection))


@pytest.mark.parametrize(
    "raw",
    [
        '{"text": "bad", "text": "good"}',
        '{"text": "a", "text": "a"}',
        '{"text" : "a", "id": 1, "text"\t: "b"}',
        '{"te\\u0078t": "bad", "text": "good"}',
        '{"text": "bad", "te\\u0078t": "good"}',
        '{"te\\u0078t": "bad", "\\u0074ext": "good"}',
        '{"te\\u0078t": "bad", "te\\u0078t": "good"}',
        '{"text": 7, "text": "good"}',
        '{"text": "bad", "text": null}',
        '{"text": "a", "text": "b", "n": 1E999}',
        '{"prompt": "a", "prompt": "b", "response": "c"}',
        '{"prompt": "a", "response": "bad", "response": "c"}',
        '{"prompt": "a", "response": "bad", "response": null}',
        '{"prompt": "a", "response": "bad", "\\u0072esponse": null}',
        '{"text": "a", "prompt": "p", "response": "bad", "response": null}',
        '{"response": "a", "response": "b"}',
    ],
)
def test_a_judged_field_that_occurs_twice_is_told(raw: str) -> None:
    assert judged(raw) == "duplicate_field"


@pytest.mark.parametrize(
    "raw",
    [
        '{"text": "a", "id": 1, "id": 2}',
        '{"type": "text", "text": "a"}',
        '{"text": "a", "inner": {"text": "b"}}',
        '{"inner": {"text": "b", "text": "c"}, "text": "a"}',
        '{"text": "a", "list": [{"text": 1}, {"text": 2}]}',
        '{"text": "a", "Text": "b"}',
        '{"text": "a", "quoted": "\\"text\\": \\"b\\""}',
        '{"text": "a", "escaped": "\\u0074\\u0065\\u0078"}',
        '{"text": "a", "te\\u0078": "b"}',
        '{"text": "a", "prompt": 1, "prompt": 2}',
    ],
)
def test_what_only_looks_like_a_second_one_is_none(raw: str) -> None:
    assert judged(raw) == Item("a")


def test_the_failure_names_the_field() -> None:
    failure = one(b'{"a": {"b": 1, "b": "c"}}', field="a.b").failure
    assert failure is not None
    assert failure.facts == {"field": "a.b"}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ('{"a": {"b": "bad"}, "a": {"b": "x"}}', "duplicate_field"),
        ('{"a": {"b": "bad"}, "\\u0061": {"b": "x"}}', "duplicate_field"),
        ('{"a": [{"b": "bad", "b": "x"}]}', "missing_field"),
        ('{"a": {"b": "x", "c": 1, "c": 2}, "d": 1, "d": 2}', Item("x")),
        ('{"c": {"b": 1, "b": 2}, "a": {"b": "x"}}', Item("x")),
        ('{"b": 1, "b": 2, "a": {"b": "x"}}', Item("x")),
        ('{"a": {"b": "bad"}, "a": 5}', "duplicate_field"),
    ],
)
def test_every_level_of_a_path_counts(raw: str, expected: Item | str) -> None:
    assert judged(raw, field="a.b") == expected


def test_duplicates_below_a_list_count() -> None:
    assert judged('{"a": [0, {"b": "x", "b": "y"}]}', field="a.1.b") == "duplicate_field"
    assert judged('{"a": [{"b": 1, "b": 2}, {"b": "y"}]}', field="a.1.b") == Item("y")


def test_a_second_null_response_does_not_hide_the_first() -> None:
    raw = '{"q": "a", "r": {"t": "bad"}, "r": null}'
    assert judged(raw, prompt_field="q", response_field="r.t") == "duplicate_field"


@pytest.mark.parametrize("key", ['a"b', "a\\b", "a/b", "a\nb", "", "ก", "😀", ":", "{"])
def test_keys_with_other_spellings_are_found(key: str) -> None:
    plain, escaped = json.dumps(key, ensure_ascii=False), json.dumps(key)
    assert judged(f'{{{plain}: "x"}}', field=key) == Item("x")
    assert judged(f'{{{plain}: "x", {escaped}: "y"}}', field=key) == "duplicate_field"


def test_a_slash_may_be_escaped() -> None:
    assert judged('{"a/b": "x", "a\\/b": "y"}', field="a/b") == "duplicate_field"


SPELLED = st.sampled_from(["text", "te\\u0078t", "\\u0074ext", "other", "tex", "TEXT"])


@given(st.lists(st.tuples(SPELLED, st.sampled_from(['"text"', '"a"', '{"text": 1}', "[]"]))))
def test_a_field_is_a_duplicate_just_when_its_key_is_there_twice(
    members: list[tuple[str, str]],
) -> None:
    raw = "{" + ", ".join(f'"{key}": {value}' for key, value in members) + "}"
    times = sum(key.replace("\\u0078", "x").replace("\\u0074", "t") == "text" for key, _ in members)
    assert (judged(raw) == "duplicate_field") == (times > 1)
