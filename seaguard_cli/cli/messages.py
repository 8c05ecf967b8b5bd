"""The one table that words every error and failure: what happened, to which thing, what to do."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TypeVar

from seaguard_cli import errors
from seaguard_cli.cli.sizes import size_words
from seaguard_cli.errors import Failure, FailureCode, SeaguardError
from seaguard_cli.exits import Exit
from seaguard_cli.records.literal import literal

Value = TypeVar("Value")

# With no larger a context it is not the context that is too large.
_SMALL_CONTEXT = 256

# Facts that are bytes.
_SIZES = {"need", "free", "kept", "most"}
# Facts that are lines of ours.
_LINES = {"ways"}
_ROLES = "name it user, assistant, system, developer, tool or function"
_PART = "take it out, or name the text to judge with --field"
_EXAMPLES = """\
  seaguard check "how do I bake banana bread?"
  seaguard check -f posts.jsonl > judged.jsonl
  zcat posts.jsonl.gz | seaguard check --only unsafe"""

# Looked up from the error's own type upwards; {names} are filled with the error's facts.
_SENTENCES: Mapping[type[SeaguardError], str] = {
    errors.UsageError: "{problem}: {remedy}",
    errors.NothingToRead: "nothing to judge: give a text, a file, or pipe text in\n" + _EXAMPLES,
    errors.TextNamesFile: "{path} is the name of a file: judge what it holds with "
    "`seaguard check -f {quoted}`, or the words themselves with `seaguard check -- {quoted}`",
    errors.ConfigError: "{path}: {problem}: correct the file, or move it away",
    errors.InputMissing: "{path}: {reason}: check the name after -f",
    errors.InputEncoding: "{path}: it is {encoding}, and only UTF-8 is read: convert it with "
    "`iconv -f {encoding} -t UTF-8`",
    errors.InputPacked: "{path}: it is packed with {kind}, which is not read: pipe it in, as in "
    "`{command} | seaguard check`",
    errors.InputNeedsFile: "{path}: Parquet is read from its end, and more than {most} of it came "
    "through a pipe: save it to a file, and give that with -f",
    errors.HeaderUnreadable: "{path}: its header cannot be read, {problem}: correct its first row",
    errors.ZstdMissing: "{path}: this Python has no zstd to unpack it with: install it with "
    "`pip install backports.zstd`, or pipe it in, as in `zstd -dc FILE | seaguard check`",
    errors.ParquetMissing: "{path}: Parquet needs pyarrow, which is not installed: "
    "`pip install 'seaguard-cli[parquet]'`",
    errors.DuplicateColumns: "{path}: two columns are called {column!r}: rename one of them",
    errors.OutputThere: "{path}: it is there already: go on with its run by --resume, or name "
    "another file",
    errors.PartThere: "{path}: it is there already: move it away, or name another folder with "
    "--split",
    errors.OutputTaken: "{path}: another seaguard is writing it: wait until it has ended",
    errors.OutputClosed: "{path}: {reason}: check the name of the output",
    errors.CannotResume: "{path}: its run cannot go on, {problem}: repeat the command as it was "
    "begun, or begin anew with another file",
    errors.WindowTooLarge: "{model}: it was trained on at most {trained} tokens, and a window is "
    "to have {window}: lower --max-window",
    errors.UnknownModel: "{model}: no model of this name and no such file: "
    "known models are {known}; a GGUF is given by its path",
    errors.WeightsMissing: "{model}:{quant}: its weights are not on this machine{others}: get them "
    "with `seaguard pull {model}:{quant}`, give the path of a GGUF with -m, or try the embedded "
    "demonstration with -m tiny",
    errors.WeightsDamaged: "{model}: its file {file} is gone or not whole: remove it with "
    "`seaguard rm {model}` and get it again with `seaguard pull {model}`",
    errors.NothingStored: "{model}: nothing of it was fetched or built here: `seaguard models` "
    "lists what was",
    errors.NothingHere: "no weights were fetched or built here: get some with `seaguard pull "
    "MODEL`, or name a model or the path of a GGUF",
    errors.BeingFetched: "{model}: another seaguard is at work on it: wait until it has ended",
    errors.SourceOpen: "{model}: no source of its weights is pinned, so the choice is yours: "
    "run one of\n{ways}",
    errors.CanariesFailed: "{model}: its canaries fail, {problem}: {remedy}",
    errors.NotThisModel: "{model}: what was fetched is another model, {problem}: {remedy}",
    errors.HubError: "the Hub does not give it",
    errors.Offline: "{model}: not on this machine, and the network is ruled out: leave out "
    "--offline (and SEAGUARD_OFFLINE, HF_HUB_OFFLINE) once to fetch it",
    errors.HubUnreachable: "{host}: no answer, {reason}: check the connection and HF_ENDPOINT, "
    "then run the same command again; what was fetched is kept",
    errors.HubBusy: "{host}: too many requests, it asks to wait {seconds} s: run the same command "
    "again then; a token in HF_TOKEN raises the limit",
    errors.HubFailed: "{host}: it answered with status {status}: run the same command again later; "
    "what was fetched is kept",
    errors.TokenRefused: "{host}: the token is not valid: correct HF_TOKEN, or unset it for a "
    "public repo",
    errors.AccessMissing: "{repo}: access has to be granted (status {status}): ask for it at "
    "{page}, then set HF_TOKEN to a token of that account",
    errors.RepoMissing: "{repo}: no such repo on the Hub, or a private one: check the name, or "
    "set HF_TOKEN to a token that may read it",
    errors.RevisionMissing: "{repo}: no revision {revision}: correct --revision; if models.toml "
    "has it, that source is out of date, and --source names another",
    errors.FileMissing: "{repo}: no file {file}: name another repo with --source, or build the "
    "weights here with --build",
    errors.QuantMissing: "{repo}: no {quant}: {others}",
    errors.TransferBroken: "{file}: the connection broke off {times} times ({reason}): run the "
    "same command again, {kept} are kept",
    errors.WrongSize: "{file}: the server sends {found} bytes and the Hub states {stated}: "
    "nothing was kept; try again, or another source",
    errors.WrongHash: "{file}: its SHA-256 is {found} and should be {stated}: nothing was kept; "
    "try again, or another source",
    errors.NotConvertible: "{path}: {problem}: `seaguard convert` takes the official safetensors "
    "of SEA-Guard models (Qwen3-VL, Llama and Gemma 3)",
    errors.CheckpointBroken: "{path}: {problem}: get this file again from the model's repo",
    errors.RepoBroken: "{path}: {problem}: it is so on the Hub; take another --revision, or tell "
    "its makers",
    errors.QuantiserFailed: "{quant}: llama.cpp could not quantise, {reason}: nothing was kept; "
    "try again, or another --quant",
    errors.WeightsUnreadable: "{path}: {reason}: check that the file is a GGUF and whole",
    errors.NotAGuard: "{path}: not usable as a guard, {problem}: use a SEA-Guard model",
    errors.FamilyUnclear: "{path}: its vocabulary fits {found}, so the wrapper of its prompts is "
    "not clear: name it with --family ({known})",
    errors.OutOfMemory: "not enough memory for {what}: {remedy}",
    errors.ModelDoesNotFit: "{model}: it takes about {need} of memory, and {free} are free: "
    "{remedy}",
    errors.WindowDoesNotFit: "{model}: with a window of {window} tokens it takes about {need} of "
    "memory, and {free} are free: lower --max-window to {fits}, or --ctx, or close other programs",
    errors.DecodeFailed: "llama.cpp could not decode (status {status}), {log}: try a smaller "
    "--ctx, or --device cpu",
    errors.DeviceMissing: "no usable GPU: {remedy}",
    errors.ItemFailed: "{sentence}",
    errors.Interrupted: "interrupted",
    errors.InputFailed: "{path}: reading broke off, {reason}: what came before it was judged",
    errors.NoRoom: "{folder}: no room, {need} are needed and {free} are free: make room, or set "
    "XDG_DATA_HOME to a larger disk; what was fetched is kept",
    errors.NoRoomToConvert: "{folder}: no room, {need} are needed and {free} are free: make room, "
    "or name a place on a larger disk with -o",
    errors.ConversionFailed: "{path}: writing broke off, {reason}: nothing was kept of it; make "
    "room, or name another place with -o",
    errors.StoreFailed: "{path}: {reason}: check the folder of the weights",
    errors.StateFailed: "{path}: {reason}: check this folder, or leave it out with --no-save",
    errors.CacheFailed: "{path}: {reason}: check this file and its folder, or leave out --cache",
    errors.CacheDamaged: "{path}: it is damaged, {reason}: `seaguard cache clear` makes a new one",
    errors.CacheNewer: "{path}: a later version of seaguard has made it: use that one, or begin "
    "anew with `seaguard cache clear`",
    errors.CacheCleared: "{path}: another seaguard has cleared it: the next run keeps scores again",
    errors.OutputFailed: "{path}: writing broke off, {reason}: what was written is whole records",
    errors.OutputUnfinished: "{path}: writing broke off, {reason}: a Parquet file without its end "
    "cannot be read; run the same command again, or write jsonl, whose lines stay",
}

_FAILURES: Mapping[FailureCode, str] = {
    FailureCode.INVALID_JSON: "not valid JSON{at}: {problem}",
    FailureCode.INVALID_UTF8: "not valid UTF-8{at}: convert the input to UTF-8",
    FailureCode.MISSING_FIELD: "{missing}: name the field that holds the text with --field",
    FailureCode.NOT_TEXT: "{what_is_there}",
    FailureCode.DUPLICATE_FIELD: "the field {field!r} occurs twice: which one counts is not clear",
    FailureCode.KEY_EXISTS: "the key {key!r} is there already: choose another with --key, or "
    "overwrite it with --replace",
    FailureCode.TOO_LONG: "the prompt has {tokens} tokens and a window {limit}: no text goes in: "
    "raise --max-window, and --ctx if it is set",
    FailureCode.TOO_LARGE: "the record is larger than {limit} bytes: raise --max-record",
    FailureCode.UNCLOSED_QUOTE: "a quoted field is not closed, or not within 1 MiB and 1,000 "
    "lines: close or double the quote",
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
    errors.NoRoom: Exit.IO,
    errors.StoreFailed: Exit.IO,
    errors.StateFailed: Exit.IO,
    errors.CacheFailed: Exit.IO,
}


def sentence_of(error: SeaguardError) -> str:
    """Give what a person is told about an error that ends the command."""
    facts: dict[str, object] = {name: _shown(name, fact) for name, fact in error.facts.items()}
    facts |= {name: size_words(facts[name]) for name in _SIZES & facts.keys()}
    if isinstance(error, errors.WeightsMissing):
        facts["others"] = f" (only {facts['others']})" if facts["others"] else ""
    if isinstance(error, errors.QuantMissing):
        facts["others"] = _quants_remedy(str(facts["others"]))
    if isinstance(error, errors.TextNamesFile):
        facts["quoted"] = literal(shlex.quote(str(error.facts["path"])))
    if isinstance(error, errors.FamilyUnclear):
        facts["found"] = facts["found"] or "no known family"
    if isinstance(error, errors.DecodeFailed):
        facts["log"] = facts.get("log") or "and gave no reason"
    if isinstance(error, errors.OutOfMemory):
        facts["remedy"] = _memory_remedy(error)
    if isinstance(error, errors.ModelDoesNotFit):
        facts["remedy"] = _smaller_remedy(str(facts["quant"]))
    if isinstance(error, errors.DeviceMissing):
        facts["remedy"] = _device_remedy(error)
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
    if failure.code is FailureCode.MISSING_FIELD:
        facts["missing"] = _missing(failure.facts)
    if failure.code is FailureCode.NOT_TEXT:
        facts["what_is_there"] = _not_text(failure.facts)
    places = [f"{name} {facts[name]}" for name in ("line", "column", "byte") if name in facts]
    facts["at"] = f" at {', '.join(places)}" if places else ""
    turn = f"turn {facts['turn']}: " if "turn" in facts else ""
    return turn + _FAILURES[failure.code].format_map(facts)


def _missing(facts: Mapping[str, object]) -> str:
    field = str(facts["field"])
    if "turns" in facts:
        return f"there is no {facts['turns']} turn in {field!r}"
    if ", " in field:
        return f"there is none of the fields {field}"
    return f"there is no field {field!r}"


def _not_text(facts: Mapping[str, object]) -> str:
    """Give what stands where a text was looked for, and what to do about it."""
    field = facts.get("field", "it")
    if "role" in facts:
        return f"{field} is {facts['role']!r}: {_ROLES}"
    if "part" in facts:
        return f"{field} is {facts['part']!r}, and only text is judged: {_PART}"
    there = f"{field} is {facts['found']}, not {facts.get('wanted', 'a text')}"
    return f"{there}: name the field that holds the text with --field"


def _shown(name: str, fact: object) -> object:
    """Give a fact as it may stand in a line: nothing in it ends the line or moves the cursor."""
    if not isinstance(fact, str) or name in _LINES:
        return fact
    # The system's reasons begin with a capital letter, and here they stand within a sentence.
    return literal(fact[:1].lower() + fact[1:] if name == "reason" else fact)


def _quants_remedy(others: str) -> str:
    if not others:
        return "it has no GGUF that is named after its quant"
    return f"choose among {others} with MODEL:QUANT, or build it here with --build"


def _memory_remedy(error: errors.OutOfMemory) -> str:
    if int(error.facts.get("ctx", 0)) > _SMALL_CONTEXT:
        return f"its {error.facts['ctx']} tokens do not fit; lower --max-window or --ctx"
    return "choose a smaller quant or model, or close other programs"


def idle_gpu(maker: str, install: str) -> str:
    """Give the sentence about a GPU that the installed llama.cpp cannot use."""
    kind = f"an {maker} GPU"
    return f"{kind} is in this machine, and the installed llama.cpp cannot use it: run\n  {install}"


def _device_remedy(error: errors.DeviceMissing) -> str:
    if error.facts.get("maker"):
        return idle_gpu(str(error.facts["maker"]), str(error.facts["install"]))
    return (
        "the installed llama.cpp was built without one, or finds none; use --device cpu, or "
        "install llama-cpp-python for the GPU"
    )


def _smaller_remedy(quant: str) -> str:
    if quant:
        return f"take {quant}, the largest quant of it that fits, or close other programs"
    return "no quant of it fits: take a smaller model, or close other programs"


def _lookup(table: Mapping[type[SeaguardError], Value], error: SeaguardError) -> Value:
    return next(table[kind] for kind in type(error).__mro__ if kind in table)
