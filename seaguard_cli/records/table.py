"""CSV and TSV: rows of named cells, and no stray quote swallows the rows behind it."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterator

from seaguard_cli.errors import DuplicateColumns, Fact, Failure, FailureCode, HeaderUnreadable

from .fields import Chooser, chooser
from .lines import Line
from .record import Header, Kind, Record, Selection
from .values import too_large

OnHeader = Callable[[Header], None]

_STRAY = "a quote or a carriage return stands where none may"
_MOST_LINES = 1000
_MOST_BYTES = 1024 * 1024
_QUOTED = rb'[^"]*+(?:""[^"]*+)*+'
_TO_QUOTE = re.compile(_QUOTED + rb'"')


class _Unclosed(Exception):
    """A quoted cell runs on further than a cell does."""


class _TooLarge(Exception):
    """The lines of a row are together larger than a record may be, and there are more of them."""


class _Quote:
    """Follows the quoted field that a row's end of line stands in: since how much it is open."""

    def __init__(self, delimiter: str) -> None:
        self.lines = self.bytes = 0
        mark = re.escape(delimiter.encode())
        quoted = rb'"' + _QUOTED
        self._closed_fields = re.compile(
            rb"(?:(?:" + quoted + rb'"|(?!")[^' + mark + rb"]*+)" + mark + rb")*+"
        )

    def follow(self, line: bytes) -> None:
        """Go on through the next line of the row. Raises _Unclosed where a field runs too far."""
        at = 0
        if self.lines:
            closing = _TO_QUOTE.match(line)
            at = closing.end() if closing else len(line)
            self.lines, self.bytes = self.lines + 1, self.bytes + at
            if self.lines > _MOST_LINES or self.bytes > _MOST_BYTES:
                raise _Unclosed
            if closing is None:
                return
            # Behind the quote stands a delimiter, or the row ends, or the csv module objects.
            at += 1
        fields = self._closed_fields.match(line, at)
        at = fields.end() if fields else at
        self.lines, self.bytes = 1, len(line) - at


class _Feed:
    """Hands the csv module one line at a time, and keeps those that make up the present row."""

    def __init__(self, lines: Iterator[Line], delimiter: str, limit: int) -> None:
        self.row: list[Line] = []
        self.number = 1
        self._lines = lines
        self._limit = limit
        self._size = 0
        self._waiting: deque[Line] = deque()
        self._quote = _Quote(delimiter)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.peek()
        if line is None:
            if self.row:
                raise _Unclosed
            raise StopIteration
        body, end, whole = line
        if not whole:
            raise _Unclosed
        if self._size > self._limit + _MOST_BYTES:
            raise _TooLarge
        self._waiting.popleft()
        self.row.append(line)
        self._size += len(body) + len(end)
        # That a second line is asked for tells that a quoted field is open; most rows have one.
        if len(self.row) == 2:
            self._quote.lines = 0
            self._quote.follow(self.row[0][0] + self.row[0][1])
        if len(self.row) > 1:
            self._quote.follow(body + end)
        # Quotes and delimiters are ASCII: where they stand does not hang on what is no UTF-8.
        return (body + end).decode("utf-8", "surrogateescape")

    def peek(self) -> Line | None:
        """Give the next line without taking it, or None at the end."""
        if not self._waiting:
            line = next(self._lines, None)
            if line is None:
                return None
            self._waiting.append(line)
        return self._waiting[0]

    def skip(self) -> None:
        """Take the next line, which is no row."""
        self._waiting.popleft()
        self.number += 1

    def finish(self) -> tuple[bytes, bytes, int]:
        """Give the present row's bytes, its line end and its line, and begin the next one."""
        end = self.row[-1][1]
        raw = b"".join(body + end for body, end, _ in self.row)
        line = self.number
        self.number += len(self.row)
        self.row, self._size = [], 0
        return raw[: len(raw) - len(end)], end, line

    def give_up(self) -> None:
        """Keep only the first line of the present row; the others are read again."""
        self._waiting.extendleft(reversed(self.row[1:]))
        del self.row[1:]


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
    csv.field_size_limit(max(csv.field_size_limit(), limit + _MOST_BYTES))
    feed = _Feed(lines, delimiter, limit)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    if feed.peek() is None:
        return
    header = _header(feed, reader, name, delimiter)
    if on_header is not None:
        on_header(header)
    choose = chooser(selection)
    while (line := feed.peek()) is not None:
        if line[2]:
            cells = _cells(feed, reader)
            raw, end, number = feed.finish()
            if len(raw) > limit or cells is None:
                yield too_large(raw, end, number, limit, source)
            else:
                yield _row(raw, end, number, cells, header, choose, selection, source)
        else:
            number = feed.number
            feed.skip()
            yield too_large(line[0], line[1], number, limit, source)


def _cells(feed: _Feed, reader: Iterator[list[str]]) -> tuple[str, ...] | Failure | None:
    """Give the next row's cells, or why its first line is no row; None if it is too large."""
    try:
        return tuple(next(reader)) or ("",)
    except _TooLarge:
        feed.give_up()
        return None
    except _Unclosed:
        failure = Failure(FailureCode.UNCLOSED_QUOTE)
    except csv.Error:
        # Over several lines it was a quote that opened by mistake and closed where none may.
        code = FailureCode.UNCLOSED_QUOTE if len(feed.row) > 1 else FailureCode.RAGGED_ROW
        failure = Failure(code, {"problem": _STRAY})
    feed.give_up()
    return failure


def _header(feed: _Feed, reader: Iterator[list[str]], name: str, delimiter: str) -> Header:
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
    for at, column in enumerate(names):
        if column in names[:at]:
            raise DuplicateColumns(path=name, column=column)
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
