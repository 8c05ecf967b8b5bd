"""CSV and TSV: rows of named cells, and no stray quote swallows the rows behind it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator

from seaguard_cli.errors import DuplicateColumns, Fact, Failure, FailureCode, HeaderUnreadable

from .fields import Chooser, chooser
from .lines import Line
from .record import Header, Kind, Record, Selection
from .rows import MOST_BYTES, Lines, RowTooLarge, UnclosedQuote
from .values import too_large

OnHeader = Callable[[Header], None]

_STRAY = "a quote or a carriage return stands where none may"


def table_records(
    lines: Iterator[Line],
    selection: Selection,
    limit: int,
    name: str,
    delimiter: str,
    on_header: OnHeader | None,
    source: str | None,
) -> Iterator[Record]:
    """Give the rows below the header, which goes to `on_header` first.

    A blank line is a row of one empty cell. Raises DuplicateColumns, and HeaderUnreadable: without
    a header no cell has a name.
    """
    csv.field_size_limit(max(csv.field_size_limit(), limit + MOST_BYTES))
    feed = Lines(lines, delimiter, limit)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    if feed.peek() is None:
        return
    header = _header(feed, reader, name, delimiter)
    if on_header is not None:
        on_header(header)
    choose = chooser(selection)
    while (line := feed.peek()) is not None:
        if not line[2]:
            yield too_large(line[0], line[1], feed.number, limit, source)
            feed.skip()
            continue
        cells = _cells(feed, reader)
        raw, end, number = feed.read_past() if cells is None else feed.finish()
        if cells is None or len(raw) > limit:
            yield too_large(raw, end, number, limit, source)
        else:
            yield _row(raw, end, number, cells, header, choose, selection, source)


def _cells(feed: Lines, reader: Iterator[list[str]]) -> tuple[str, ...] | Failure | None:
    """Give the next row's cells, or why its first line is no row; None if it is too large."""
    try:
        return tuple(next(reader)) or ("",)
    except RowTooLarge:
        return None
    except UnclosedQuote as error:
        feed.give_up(error)
        return Failure(FailureCode.UNCLOSED_QUOTE)
    except csv.Error as error:
        # Over several lines it was a quote that opened by mistake and closed where none may.
        code = FailureCode.UNCLOSED_QUOTE if feed.several else FailureCode.RAGGED_ROW
        feed.give_up(error)
        return Failure(code, {"problem": _STRAY})


def _header(feed: Lines, reader: Iterator[list[str]], name: str, delimiter: str) -> Header:
    first = feed.peek()
    names = _cells(feed, reader) if first is not None and first[2] else None
    if names is None:
        raise HeaderUnreadable(path=name, problem="it is larger than --max-record")
    if isinstance(names, Failure):
        problem = names.facts.get("problem", "a quote does not close")
        raise HeaderUnreadable(path=name, problem=problem)
    raw, end, _ = feed.finish()
    if not _is_utf8(raw):
        raise HeaderUnreadable(path=name, problem="it is not UTF-8")
    known: set[str] = set()
    for column in names:
        if column in known:
            raise DuplicateColumns(path=name, column=column)
        known.add(column)
    return Header(raw + end, names, delimiter)


def _row(
    raw: bytes,
    end: bytes,
    line: int,
    cells: tuple[str, ...] | Failure,
    header: Header,
    choose: Chooser,
    selection: Selection,
    source: str | None,
) -> Record:
    kind, item, failure = Kind.OTHER, None, None
    given: tuple[str, ...] | None = None
    if isinstance(cells, Failure):
        failure = cells
    elif not _is_utf8(raw):
        failure = Failure(FailureCode.INVALID_UTF8)
    elif len(cells) != len(header.names):
        facts: dict[str, Fact] = {"cells": len(cells), "columns": len(header.names)}
        failure, given = Failure(FailureCode.RAGGED_ROW, facts), cells
    else:
        kind, given = Kind.ROW, cells
        chosen = choose(_named(header, cells, selection), None)
        item, failure = (None, chosen) if isinstance(chosen, Failure) else (chosen, None)
    return Record(raw, end, line, kind, item, failure, header, given, source=source)


def _named(header: Header, cells: tuple[str, ...], selection: Selection) -> dict[str, object]:
    """Give the cells by name; an empty response beside a prompt is a table's way of saying null.

    Not so if responses are what was asked for: then it is an empty one.
    """
    fields: dict[str, object] = dict(zip(header.names, cells, strict=True))
    prompt, response = selection.prompt_field, selection.response_field
    if prompt is None and response is None:
        prompt, response = "prompt", "response"
    paired = selection.field is None and prompt in fields and response in fields
    if paired and selection.task != "response" and fields[str(response)] == "":
        fields[str(response)] = None
    return fields


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
