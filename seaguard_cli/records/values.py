"""One JSON value's bytes to a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import orjson

from seaguard_cli.errors import Failure, FailureCode

from . import exact
from .fields import chooser, item_of
from .json_types import json_type
from .lines import Line
from .record import HEAD, Kind, Record, Selection
from .split import Value

JsonRecord = Callable[[bytes, bytes, int, bool], Record]
"""From bytes, line end, line, and whether it is an element of an array."""


def json_records(
    lines: Iterable[Line], selection: Selection, limit: int, source: str | None
) -> Iterator[Record]:
    """Give the records of JSON Lines: one value a line."""
    record_of = json_record(selection, source)
    for number, (body, end, whole) in enumerate(lines, 1):
        if whole:
            yield record_of(body, end, number, False)
        else:
            yield too_large(body, end, number, limit, source)


def value_records(
    values: Iterable[Value], selection: Selection, limit: int, source: str | None
) -> Iterator[Record]:
    """Give the records of a JSON array or of a sequence of JSON values."""
    record_of = json_record(selection, source)
    for value in values:
        end = b"" if value.element else b"\n"
        if not value.whole:
            yield too_large(value.raw, end, value.line, limit, source, value.element)
        elif value.fault:
            failure = exact.invalid(value.fault)
            yield _other(value.raw, end, value.line, failure, source, value.element)
        else:
            yield record_of(value.raw, end, value.line, value.element)


def json_record(selection: Selection, source: str | None) -> JsonRecord:
    """Give the function that makes a record of one JSON text."""
    choose = chooser(selection)
    loads, refused = orjson.loads, orjson.JSONDecodeError
    kind_object = Kind.OBJECT

    def record_of(raw: bytes, end: bytes, line: int, element: bool) -> Record:
        try:
            value = loads(raw)
        except refused:
            value = exact.parse(raw)
        if type(value) is dict:
            chosen = choose(value, raw)
            item, failure = (None, chosen) if isinstance(chosen, Failure) else (chosen, None)
            return Record(raw, end, line, kind_object, item, failure, None, None, element, source)
        if type(value) is str:
            return _string(raw, end, line, value, selection, source, element)
        if not isinstance(value, Failure):
            value = Failure(FailureCode.NOT_TEXT, {"found": json_type(value)})
        return _other(raw, end, line, value, source, element)

    return record_of


def too_large(
    head: bytes, end: bytes, line: int, limit: int, source: str | None, element: bool = False
) -> Record:
    """Give the record of what was longer than `limit`, of which the first bytes are left."""
    failure = Failure(FailureCode.TOO_LARGE, {"limit": limit})
    return _other(head[:HEAD], end, line, failure, source, element)


def _string(
    raw: bytes,
    end: bytes,
    line: int,
    text: str,
    selection: Selection,
    source: str | None,
    element: bool,
) -> Record:
    if selection.key == "text":
        failure = Failure(FailureCode.KEY_EXISTS, {"key": "text"})
        return Record(raw, end, line, Kind.STRING, None, failure, None, None, element, source)
    item = item_of(text, selection.task, "text")
    return Record(raw, end, line, Kind.STRING, item, None, None, None, element, source)


def _other(
    raw: bytes, end: bytes, line: int, failure: Failure, source: str | None, element: bool
) -> Record:
    return Record(raw, end, line, Kind.OTHER, None, failure, None, None, element, source)
