"""The one table that words every error and failure: what happened, to which thing, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from seaguard_cli import errors
from seaguard_cli.errors import Failure, FailureCode, SeaguardError
from seaguard_cli.exits import Exit

Value = TypeVar("Value")

_EXAMPLES = """\
  seaguard check "how do I bake banana bread?"
  seaguard check -f posts.jsonl > judged.jsonl
  zcat posts.jsonl.gz | seaguard check --only unsafe"""

# Looked up from the error's own type upwards; {names} are filled with the error's facts.
_SENTENCES: Mapping[type[SeaguardError], str] = {
    errors.UsageError: "{problem}: {remedy}",
    errors.NothingToRead: "nothing to judge: give a text, a file, or pipe text in\n" + _EXAMPLES,
    errors.TextNamesFile: "{path!r} is the name of a file: judge what it holds with "
    "`seaguard check -f {path}`, or the words themselves with `seaguard check -- {path}`",
    errors.ConfigError: "{path}: {problem}: correct the file, or move it away",
    errors.InputMissing: "{path}: {reason}: check the name after -f",
    errors.InputEncoding: "{path}: it is {encoding}, and only UTF-8 is read: convert it with "
    "`iconv -f {encoding} -t UTF-8`",
    errors.DuplicateColumns: "{path}: two columns are called {column!r}: rename one of them",
    errors.UnknownModel: "{model}: no model of this name and no such file: "
    "known models are {known}; a GGUF is given by its path",
    errors.WeightsMissing: "{model}:{quant}: its weights are not on this machine: "
    "give the path of a GGUF with -m, or try the embedded demonstration with -m tiny",
    errors.WeightsUnreadable: "{path}: {reason}: check that the file is a GGUF and whole",
    errors.NotAGuard: "{path}: not usable as a guard, {problem}: use a SEA-Guard model",
    errors.FamilyUnclear: "{path}: its vocabulary fits {found}, so the wrapper of its prompts is "
    "not clear: name it with --family ({known})",
    errors.OutOfMemory: "not enough memory for {what}: {remedy}",
    errors.DecodeFailed: "llama.cpp could not decode (status {status}): {log}",
    errors.DeviceMissing: "no usable GPU: the installed llama.cpp was built without one, or finds "
    "none; use --device cpu, or install llama-cpp-python for the GPU",
    errors.ItemFailed: "{sentence}",
    errors.Interrupted: "interrupted",
    errors.InputFailed: "{path}: reading broke off, {reason}: what came before it was judged",
    errors.OutputFailed: "{path}: writing broke off, {reason}: what was written is whole records",
}

_FAILURES: Mapping[FailureCode, str] = {
    FailureCode.INVALID_JSON: "not valid JSON{at}: {problem}",
    FailureCode.INVALID_UTF8: "not valid UTF-8{at}: convert the input to UTF-8",
    FailureCode.MISSING_FIELD: "no {field}: name the field that holds the text with --field",
    FailureCode.NOT_TEXT: "{field} is {found}, not a text: name the field that holds the text "
    "with --field",
    FailureCode.DUPLICATE_FIELD: "the field {field!r} occurs twice: which one counts is not clear",
    FailureCode.KEY_EXISTS: "the key {key!r} is there already: choose another with --key, or "
    "overwrite it with --replace",
    FailureCode.TOO_LONG: "the prompt has {tokens} tokens and the context {limit}: raise --ctx, or "
    "split the text",
    FailureCode.TOO_LARGE: "the record is larger than {limit} bytes: raise --max-record",
    FailureCode.UNCLOSED_QUOTE: "a quoted field is not closed: close or double the quote",
    FailureCode.RAGGED_ROW: "{problem}: give every row the cells of the header",
    FailureCode.ENGINE: "{problem}",
}

_STATUSES: Mapping[type[SeaguardError], Exit] = {
    errors.UsageError: Exit.USAGE,
    errors.WeightsError: Exit.WEIGHTS,
    errors.EngineError: Exit.ENGINE,
    errors.ItemFailed: Exit.UNJUDGED,
    errors.Interrupted: Exit.INTERRUPTED,
    errors.InputFailed: Exit.IO,
    errors.OutputFailed: Exit.IO,
}


def sentence_of(error: SeaguardError) -> str:
    """Give what a person is told about an error that ends the command."""
    facts: dict[str, object] = dict(error.facts)
    if isinstance(error, errors.FamilyUnclear):
        facts["found"] = facts["found"] or "no known family"
    if isinstance(error, errors.OutOfMemory):
        facts["remedy"] = _memory_remedy(error)
    if isinstance(error, errors.ItemFailed):
        facts["sentence"] = wording(error.failure)
    return _lookup(_SENTENCES, error).format_map(facts)


def status_of(error: SeaguardError) -> Exit:
    """Give the exit status of an error that ends the command."""
    return _lookup(_STATUSES, error)


def wording(failure: Failure) -> str:
    """Give the message of one record that could not be judged."""
    facts: dict[str, object] = {"field": "it", **failure.facts}
    if "cells" in facts:
        facts["problem"] = f"the row has {facts['cells']} cells, the header {facts['columns']}"
    many = ", " in str(facts["field"])
    if failure.code is FailureCode.MISSING_FIELD:
        facts["field"] = f"field of {facts['field']}" if many else f"field {facts['field']!r}"
    places = [f"{name} {facts[name]}" for name in ("line", "column", "byte") if name in facts]
    facts["at"] = f" at {', '.join(places)}" if places else ""
    return _FAILURES[failure.code].format_map(facts)


def _memory_remedy(error: errors.OutOfMemory) -> str:
    if "ctx" in error.facts:
        return f"its {error.facts['ctx']} tokens do not fit; lower --ctx"
    return "choose a smaller quant or model, or close other programs"


def _lookup(table: Mapping[type[SeaguardError], Value], error: SeaguardError) -> Value:
    return next(table[kind] for kind in type(error).__mro__ if kind in table)
