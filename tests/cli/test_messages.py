"""One voice: every error and every failure has its sentence, and none holds a placeholder."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from seaguard_cli import errors
from seaguard_cli.cli.messages import sentence_of, status_of, wording
from seaguard_cli.errors import Failure, FailureCode, SeaguardError
from seaguard_cli.exits import Exit

FACTS = re.compile(r"Facts?: ([^.]*)\.")
FAILURES = {
    FailureCode.INVALID_JSON: {"problem": "a comma is missing", "line": 1, "column": 7},
    FailureCode.INVALID_UTF8: {"byte": 3},
    FailureCode.MISSING_FIELD: {"field": "text"},
    FailureCode.NOT_TEXT: {"field": "text", "found": "number"},
    FailureCode.DUPLICATE_FIELD: {"field": "text"},
    FailureCode.KEY_EXISTS: {"key": "seaguard"},
    FailureCode.TOO_LONG: {"tokens": 5000, "limit": 4096},
    FailureCode.TOO_LARGE: {"limit": 1000},
    FailureCode.UNCLOSED_QUOTE: {},
    FailureCode.RAGGED_ROW: {"cells": 2, "columns": 3},
    FailureCode.ENGINE: {"problem": "the model's logits are not finite"},
}


def kinds(kind: type[SeaguardError] = SeaguardError) -> Iterator[type[SeaguardError]]:
    for one in kind.__subclasses__():
        yield one
        yield from kinds(one)


def made(kind: type[SeaguardError]) -> SeaguardError:
    """An error with the facts that its class says it has."""
    if kind is errors.ItemFailed:
        return errors.ItemFailed(Failure(FailureCode.TOO_LARGE, {"limit": 1000}))
    if kind is errors.OutOfMemory:
        return errors.OutOfMemory(what="the context", ctx=4096)
    told = FACTS.search(kind.__doc__ or "")
    names = re.sub(r"\([^)]*\)", "", told[1]).split(", ") if told else []
    # `ways` are lines of our own.
    return kind(**{name.strip(): "a fact" if name == "ways" else "a\x1bfact" for name in names})


# These are only parents: what is raised is one of their children, or carries no facts.
RAISED = sorted(
    set(kinds())
    - {errors.WeightsError, errors.EngineError, errors.UsageError}
    - {kind for kind in kinds() if kind.__subclasses__()},
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", RAISED)
def test_every_error_has_its_sentence_and_status(kind: type[SeaguardError]) -> None:
    sentence = sentence_of(made(kind))
    require_one_voice(sentence)
    assert "\x1b" not in sentence
    assert status_of(made(kind)) in set(Exit) - {Exit.OK, Exit.UNSAFE, Exit.BUG}


@pytest.mark.parametrize("code", FailureCode)
def test_every_failure_has_its_sentence(code: FailureCode) -> None:
    require_one_voice(wording(Failure(code, FAILURES[code])))


def test_a_field_among_several_is_told_as_such() -> None:
    failure = Failure(FailureCode.MISSING_FIELD, {"field": "text, prompt"})
    assert wording(failure).startswith("there is none of the fields text, prompt: ")


def test_a_place_is_told_where_it_is_known() -> None:
    told = wording(Failure(FailureCode.INVALID_JSON, FAILURES[FailureCode.INVALID_JSON]))
    assert told == "not valid JSON at line 1, column 7: a comma is missing"


def test_the_reason_of_the_system_stands_within_the_sentence() -> None:
    error = errors.OutputFailed(path="judged.jsonl", reason="No space left on device")
    assert sentence_of(error) == (
        "judged.jsonl: writing broke off, no space left on device: "
        "what was written is whole records"
    )


def require_one_voice(sentence: str) -> None:
    assert sentence
    assert "{" not in sentence
    assert not sentence.rstrip().endswith(".")
    assert not sentence[0].isupper() or sentence.split()[0].isupper()
    assert ": :" not in sentence
    assert "  " not in sentence.split("\n")[0]
