"""The contract: what is written is what the published schema says, and neither moves alone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator

from seaguard_cli.errors import Failure, FailureCode
from seaguard_cli.records import Format, schema
from seaguard_cli.verdict import Label, Task, TurnVerdict, Verdict, Window

from .helpers import MODEL, judged, records

SCHEMA: dict[str, Any] = json.loads(schema())
VALIDATOR = Draft202012Validator(SCHEMA)
VERDICT = SCHEMA["$defs"]["verdict"]
ERROR = SCHEMA["$defs"]["failure"]["properties"]["error"]
PLAIN = Verdict("safe", 0.1, 0.5, "prompt", MODEL)
SPLIT = Verdict(
    "unsafe",
    0.9,
    0.5,
    "response",
    MODEL,
    low_mass=True,
    windows=12,
    window=Window('messages.3."\u0e01"', 10, 20),
    truncated=True,
    kept=Window("messages.2.content", 0, 7),
)
EVERYTHING = replace(SPLIT, turns=(TurnVerdict(3, "assistant", SPLIT),))
ALWAYS = ["label", "score", "threshold", "task", "model"]
SOMETIMES = ["low_mass", "windows", "window", "kept", "truncated"]


def added(data: bytes, outcome: Verdict | Failure, **options: Any) -> dict[str, Any]:
    found = records(data, Format.JSONL, source="a.jsonl")
    value = json.loads(judged(found, outcome=outcome, **options))["seaguard"]
    assert isinstance(value, dict)
    return value


def test_the_schema_is_one_and_has_its_name() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"] == "https://seaguard.dev/schema/record-1.json"


@pytest.mark.parametrize("label", get_args(Label))
@pytest.mark.parametrize("task", get_args(Task))
@pytest.mark.parametrize("score", [0.0, 0.5, 1.0, 5e-324, None])
@pytest.mark.parametrize("low_mass", [False, True])
def test_every_verdict_is_valid(
    label: Label, task: Task, score: float | None, low_mass: bool
) -> None:
    verdict = Verdict(label, score, 0.5, task, MODEL, low_mass)
    VALIDATOR.validate(added(b'{"text": "a"}', verdict))


@pytest.mark.parametrize("code", FailureCode)
@pytest.mark.parametrize("line", [b'{"text": "a"}', b'{"text": ', b"", b"\xff"])
def test_every_failure_is_valid(code: FailureCode, line: bytes) -> None:
    value = json.loads(
        judged(records(line + b"\n", Format.JSONL), outcome=Failure(code, {"limit": 1}))
    )
    VALIDATOR.validate(value["seaguard"])


def test_the_codes_are_the_closed_list() -> None:
    assert ERROR["properties"]["code"]["enum"] == [code.value for code in FailureCode]
    assert [code.value for code in FailureCode] == [
        "invalid_json",
        "invalid_utf8",
        "missing_field",
        "not_text",
        "duplicate_field",
        "key_exists",
        "too_long",
        "too_large",
        "unclosed_quote",
        "ragged_row",
        "engine",
    ]


def test_a_verdict_has_just_the_keys_that_the_schema_names() -> None:
    value = added(b'{"text": "a"}', EVERYTHING, with_source=True)
    assert list(value) == [*ALWAYS, *SOMETIMES, "turns", "source"]
    assert list(VERDICT["properties"]) == list(value)
    assert VERDICT["required"] == ALWAYS
    assert list(added(b'{"text": "a"}', PLAIN)) == ALWAYS


@pytest.mark.parametrize("line", [b'{"text": "a"}', b"bad", b'"a"'])
def test_a_source_has_just_the_keys_that_the_schema_names(line: bytes) -> None:
    value = added(line, PLAIN, with_source=True)
    VALIDATOR.validate(value)
    assert value["source"] == {"file": "a.jsonl", "line": 1}
    source = SCHEMA["$defs"]["source"]
    assert list(source["properties"]) == list(value["source"]) == source["required"]


def test_a_turn_has_just_the_keys_that_the_schema_names() -> None:
    (turn,) = added(b'{"text": "a"}', EVERYTHING)["turns"]
    assert list(turn) == ["turn", "role", "label", "score", *SOMETIMES]
    assert list(SCHEMA["$defs"]["turn"]["properties"]) == list(turn)
    assert SCHEMA["$defs"]["turn"]["required"] == ["turn", "role", "label", "score"]


def test_a_part_of_a_text_has_just_the_keys_that_the_schema_names() -> None:
    value = added(b'{"text": "a"}', EVERYTHING)
    assert value["window"] == {"field": 'messages.3."\u0e01"', "start": 10, "end": 20}
    assert list(SCHEMA["$defs"]["part"]["properties"]) == list(value["window"])
    assert SCHEMA["$defs"]["part"]["required"] == list(value["kept"])


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"window": Window("text", 0, 5), "windows": 1}, ["windows", "window"]),
        ({"window": Window("text", 0, 5), "windows": 9}, ["windows", "window"]),
        (
            {"window": Window("text", 0, 5), "windows": 9, "truncated": True},
            ["windows", "window", "truncated"],
        ),
        ({"kept": Window("prompt", 0, 5)}, ["kept"]),
        ({"truncated": True}, ["truncated"]),
        ({"turns": (TurnVerdict(0, "user", PLAIN),)}, ["turns"]),
    ],
)
def test_what_only_some_verdicts_have_is_valid_in_each_combination(
    changes: dict[str, Any], keys: list[str]
) -> None:
    value = added(b'{"text": "a"}', replace(PLAIN, **changes))
    VALIDATOR.validate(value)
    assert list(value) == [*ALWAYS, *keys]


def test_an_error_has_just_the_keys_that_the_schema_names() -> None:
    value = added(b"bad", Verdict("safe", 0.1, 0.5, "prompt", MODEL))
    assert list(value) == ["error"]
    assert list(value["error"]) == ["code", "line", "message", "input"]
    assert list(ERROR["properties"]) == list(value["error"])
    assert ERROR["required"] == list(value["error"])[:-1]


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"label": "safe"},
        {"label": "maybe", "score": 0.5, "threshold": 0.5, "task": "prompt", "model": "m"},
        {"label": "safe", "score": 2, "threshold": 0.5, "task": "prompt", "model": "m"},
        {"error": {"code": "other", "line": 1, "message": ""}},
        {"error": {"code": "engine", "line": 0, "message": ""}},
        {"error": {"code": "engine", "message": ""}},
    ],
)
def test_the_schema_refuses_what_is_never_written(value: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(value)


def test_a_later_version_may_add_members() -> None:
    value = added(b'{"text": "a"}', Verdict("safe", 0.1, 0.5, "prompt", MODEL))
    VALIDATOR.validate({**value, "windows": 3})
