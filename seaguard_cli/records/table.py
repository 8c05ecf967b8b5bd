"""CSV and TSV: rows of named cells, and no stray quote swallows the rows behind it."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator

from seaguard_cli.errors import DuplicateColumns, Fact, Failure, FailureCode, InputFailed

from .fields import Chooser, chooser
from .lines import Line
from .record import Header, Kind, Record, Selection
from .values import too_large

OnHeader = Callable[[Header], None]

_STRAY = "a quote or a carriage return stands where none may"
_MOST_LINES = 1000
_MOST_BYTES = 1024 * 1024


class _Unclosed(Exception):
    """A quoted cell runs on further than a cell does."""


class _Feed:
    """Hands the csv module one line at a time, and keeps those that make up the present row."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self.row: list[Line] = []
        self.number = 1
        self._lines = lines
        self._waiting: deque[Line] = deque()
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.row) >= _MOST_LINES or self._size > _MOST_BYTES:
            raise _Unclosed
        line = self.peek()
        if line is None:
            if self.row:
                raise _Unclosed
            raise StopIteration
        body, end, whole = line
        if not whole:
            raise _Unclosed
        self._waiting.popleft()
        self.row.append(line)
        self._size += len(body) + len(end)
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
) -> Iterator[Record]:
    """Give the rows below the header, which goes to `on_header` first.

    A blank line is a row of one empty cell. Raises DuplicateColumns, and InputFailed if the header
    cannot be read: without it no cell has a name.
    """
    csv.field_size_limit(max(csv.field_size_limit(), limit + _MOST_BYTES))
    feed = _Feed(lines)
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
            yield _row(raw, end, number, cells, header, choose, selection)
        else:
            number = feed.number
            feed.skip()
            yield too_large(line[0], line[1], number, limit)


def _cells(feed: _Feed, reader: Iterator[list[str]]) -> tuple[str, ...] | Failure:
    """Give the next row's cells, or why its first line is no row."""
    try:
        return tuple(next(reader)) or ("",)
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
        raise InputFailed(path=name, reason="the header cannot be read: it is too large")
    if isinstance(names, Failure):
        problem = names.facts.get("problem", "a quote does not close")
        raise InputFailed(path=name, reason=f"the header cannot be read: {problem}")
    raw, end, _ = feed.finish()
    if not _is_utf8(raw):
        raise InputFailed(path=name, reason="the header cannot be read: it is not UTF-8")
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
) -> Record:
    if isinstance(cells, Failure):
        return Record(raw, end, line, Kind.OTHER, None, cells, header)
    if not _is_utf8(raw):
        return Record(raw, end, line, Kind.OTHER, None, Failure(FailureCode.INVALID_UTF8), header)
    if len(cells) != len(header.names):
        facts: dict[str, Fact] = {"cells": len(cells), "columns": len(header.names)}
        failure = Failure(FailureCode.RAGGED_ROW, facts)
        return Record(raw, end, line, Kind.OTHER, None, failure, header, cells)
    chosen = choose(_named(header, cells, selection), None)
    if isinstance(chosen, Failure):
        return Record(raw, end, line, Kind.ROW, None, chosen, header, cells)
    return Record(raw, end, line, Kind.ROW, chosen, None, header, cells)


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
