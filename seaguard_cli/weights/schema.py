"""What `models.toml` may hold: its keys, the type of each, and which of them must be there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

Keys = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and the keys that lead to where it is."""

    keys: Keys
    what: str


@dataclass(frozen=True, slots=True)
class Value:
    """A single value: in words, and how to tell one."""

    words: str
    fits: Callable[[object], bool]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of known keys, those in `required` always there."""

    keys: Mapping[str, Kind]
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Named:
    """A table whose keys the file chooses; `names` tells which are allowed."""

    of: Kind
    names: Value


@dataclass(frozen=True, slots=True)
class Listed:
    """An array of tables, replaced as a whole and so always complete."""

    of: Table


Kind = Value | Table | Named | Listed


def problems(value: object, kind: Kind, *, complete: bool, at: Keys = ()) -> Iterator[Problem]:
    """Give what is wrong with `value`; missing keys only if it should be `complete`."""
    match kind:
        case Value():
            if not kind.fits(value):
                yield Problem(at, f"is not {kind.words}")
        case Listed():
            if not isinstance(value, list):
                yield Problem(at, "is not an array of tables")
                return
            for number, one in enumerate(value):
                yield from problems(one, kind.of, complete=True, at=(*at, number))
        case Table() | Named() if not isinstance(value, dict):
            yield Problem(at, "is not a table")
        case Named():
            for name, one in value.items():
                if not kind.names.fits(name):
                    yield Problem((*at, name), f"is no name: it has to be {kind.names.words}")
                yield from problems(one, kind.of, complete=complete, at=(*at, name))
        case Table():
            yield from _problems_of_table(value, kind, complete, at)


def _problems_of_table(
    value: Mapping[str, object], kind: Table, complete: bool, at: Keys
) -> Iterator[Problem]:
    for name, one in value.items():
        if name in kind.keys:
            yield from problems(one, kind.keys[name], complete=complete, at=(*at, name))
        else:
            yield Problem((*at, name), f"is no key here; there are {', '.join(kind.keys)}")
    if complete:
        yield from (Problem((*at, one), "is missing") for one in kind.required if one not in value)


def _written(pattern: str) -> Callable[[object], bool]:
    """Give what tells a text that `pattern` describes."""
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


TEXT = Value("a text", lambda value: isinstance(value, str))
_WORDS = Value("a text that is not empty", lambda value: isinstance(value, str) and bool(value))
_TEXTS = Value(
    "an array of texts",
    lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
)
_FLAG = Value("true or false", lambda value: isinstance(value, bool))
_COUNT = Value(
    "a whole number above 0",
    lambda value: isinstance(value, int) and not isinstance(value, bool) and value > 0,
)
_NAME = Value("of letters, digits, '-', '_' and '.'", _written(r"[A-Za-z0-9][\w.-]*"))
_is_hash = _written("[0-9a-f]{64}")
# As huggingface_hub's validate_repo_id has it.
_WORD = r"(?=[\w.-]{1,96}(?:/|$))\w(?:[\w.-]*\w)?"
is_repo = _written(rf"(?a)(?!.*(?:--|\.\.|\.git$)){_WORD}/{_WORD}")
_HASHES = Value(
    "a SHA-256 in 64 small hexadecimal digits, or an array of them",
    lambda value: (
        _is_hash(value) or (isinstance(value, list) and bool(value) and all(map(_is_hash, value)))
    ),
)
_REPO = Value("OWNER/NAME", is_repo)
_REPOS = Value(
    "an array of OWNER/NAME",
    lambda value: isinstance(value, list) and all(map(is_repo, value)),
)

_FORM = Value(
    "one of NFC, NFD, NFKC and NFKD", lambda value: value in ("NFC", "NFD", "NFKC", "NFKD")
)

_SHAPE = ("layers", "hidden", "heads", "kv_heads", "head_dim", "ffn", "vocabulary")
_SOURCE = Table(
    {"repo": _REPO, "file": _WORDS, "revision": _WORDS, "sha256": Named(_HASHES, TEXT)},
    required=("repo", "file"),
)
_MODEL = Table(
    {
        "aliases": _TEXTS,
        "summary": TEXT,
        "official": _REPOS,
        "architecture": _WORDS,
        "family": _WORDS,
        "instruction": _WORDS,
        "languages": _TEXTS,
        "licence": _WORDS,
        "licence_link": _WORDS,
        "default_quant": _WORDS,
        "trained_context": _COUNT,
        "max_context": _COUNT,
        "sources": Listed(_SOURCE),
        "shape": Table(
            {**dict.fromkeys(_SHAPE, _COUNT), "tied": _FLAG}
            | {"sliding_window": _COUNT, "global_every": _COUNT},
            required=(*_SHAPE, "tied"),
        ),
        "embedded": _WORDS,
        "path": _WORDS,
        "demonstration": _FLAG,
    }
)
_FAMILY = Table(
    {"marker": _WORDS, "control": _TEXTS, "before": TEXT, "after": TEXT, "normalise": _FORM},
    required=("marker", "control", "before", "after"),
)
_INSTRUCTION = Table({"prompt": TEXT, "response": TEXT}, required=("prompt", "response"))
_VERDICTS = Table({"safe": _WORDS, "unsafe": _WORDS}, required=("safe", "unsafe"))
_REPACK = Table({"feature": _WORDS, "quants": _TEXTS}, required=("feature", "quants"))
CATALOGUE = Table(
    {
        "models": Named(_MODEL, _NAME),
        "families": Named(_FAMILY, _NAME),
        "instructions": Named(_INSTRUCTION, _NAME),
        "verdicts": Listed(_VERDICTS),
        "repack": Listed(_REPACK),
    },
    required=("models", "families", "instructions", "verdicts"),
)
# What a model must say unless it is a file that is already here.
ELSEWHERE = ("family", "licence")
