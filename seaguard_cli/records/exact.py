"""What a fast JSON parser hides: numbers it refuses, keys that occur twice, where a member lies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import orjson

from seaguard_cli.errors import Fact, Failure, FailureCode

from .record import BLANKS

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_NUMBER = rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+"
_STRINGS_AND_NUMBERS = re.compile(_STRING + rb"|" + _NUMBER, re.DOTALL)
_STRUCTURE = re.compile(_STRING + rb"|[{}\[\],:]", re.DOTALL)
_SHORT_ESCAPES = frozenset('"\\/\b\f\n\r\t')

Step = str | int


class Member(NamedTuple):
    """One member of an object or element of an array, and where in its bytes it lies."""

    key: Step
    start: int
    value: int
    end: int


def parse(raw: bytes) -> object:
    """Give the value of one JSON text that the fast parser refused, or a Failure saying why.

    A number beyond a float64 is JSON all the same. Numbers of such a value are not to be relied
    on: nothing here judges them.
    """
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return Failure(FailureCode.INVALID_UTF8, {"byte": error.start + 1})
    if not raw.strip(BLANKS):
        return invalid("nothing there")
    try:
        return orjson.loads(_STRINGS_AND_NUMBERS.sub(_tame, raw))
    except orjson.JSONDecodeError as error:
        return invalid(error.msg, error.colno if error.lineno == 1 else None)


def invalid(problem: str, column: int | None = None) -> Failure:
    """Give the failure of something that is not JSON; the column is counted in its first line."""
    facts: dict[str, Fact] = {"problem": problem[:1].lower() + problem[1:]}
    if column is not None:
        facts["column"] = column
    return Failure(FailureCode.INVALID_JSON, facts)


def _tame(token: re.Match[bytes]) -> bytes:
    """Put a small number of the same length for a long one, so that columns stay right.

    The minus sign keeps what was wrong wrong: after `0`, `-` or `1.` no number may follow.
    """
    text = token[0]
    return text if text.startswith(b'"') or len(text) < 3 else b"-1".ljust(len(text))


def members(raw: bytes, at: int = 0) -> Iterator[Member]:
    """Give the members of the object or array that begins at `at` of a valid JSON text."""
    depth = begin = index = 0
    named: tuple[Step, int, int] | None = None
    for token in _STRUCTURE.finditer(raw, at):
        mark = token[0]
        if mark in (b"{", b"["):
            depth += 1
            if depth == 1:
                begin = token.end()
        elif mark == b":" and depth == 1:
            start = _skip_blanks(raw, begin)
            named = (orjson.loads(raw[start : token.start()]), start, token.end())
        elif mark in (b"}", b"]", b",") and depth == 1:
            end = begin + len(raw[begin : token.start()].rstrip(BLANKS))
            if end > begin:
                key, start, value = named or (index, _skip_blanks(raw, begin), begin)
                yield Member(key, start, _skip_blanks(raw, value), end)
            if mark != b",":
                return
            begin, named, index = token.end(), None, index + 1
        elif mark in (b"}", b"]"):
            depth -= 1


def _skip_blanks(raw: bytes, at: int) -> int:
    while raw[at] in BLANKS:
        at += 1
    return at


def repeats(raw: bytes, steps: Sequence[Step]) -> bool:
    """Tell whether a key among `steps`, the way from the top to a value, occurs twice there."""
    for step in steps:
        if isinstance(step, str) and may_occur(raw, step, more_than=1):
            break
    else:
        return False
    at = _skip_blanks(raw, 0)
    for step in steps:
        found = [member for member in members(raw, at) if member.key == step]
        if len(found) != 1:
            return len(found) > 1
        at = found[0].value
    return False


def place(raw: bytes, steps: Sequence[Step]) -> int:
    """Give where the value begins that `steps` lead to, none of which repeats."""
    at = _skip_blanks(raw, 0)
    for step in steps:
        at = next(member.value for member in members(raw, at) if member.key == step)
    return at


def may_occur(raw: bytes, key: str, *, more_than: int) -> bool:
    """Tell quickly whether `key` could be a key more often than that; False is certain."""
    literal, as_key, escaped = _spellings(key)
    if raw.count(literal) > more_than and len(as_key.findall(raw)) > more_than:
        return True
    return escaped is None or (b"\\u" in raw and escaped.search(raw) is not None)


def may_hold(raw: bytes, key: str) -> bool:
    """Tell quickly whether `key` could be a key at all; False is certain."""
    literal, _, escaped = _spellings(key)
    return escaped is None or literal in raw or escaped.search(raw) is not None


@lru_cache(maxsize=256)
def _spellings(key: str) -> tuple[bytes, re.Pattern[bytes], re.Pattern[bytes] | None]:
    """Give a key as it is usually spelled, that before a colon, and its characters as escapes.

    The last is None when the key has characters that JSON spells in still other ways.
    """
    literal = b'"' + key.encode("utf-8", "replace") + b'"'
    as_key = re.compile(re.escape(literal) + rb"[ \t\n\r]*+:")
    if not key or not _SHORT_ESCAPES.isdisjoint(key):
        return literal, as_key, None
    units = key.encode("utf-16-be", "surrogatepass").hex()
    escapes = {units[at : at + 4].encode() for at in range(0, len(units), 4)}
    return literal, as_key, re.compile(rb"\\u(?:" + b"|".join(sorted(escapes)) + rb")", re.I)
