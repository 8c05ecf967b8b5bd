"""Which lines make up a row of a table: a quoted field may hold line ends, but not too many."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from .lines import Line
from .record import HEAD

_MOST_LINES = 1000
MOST_BYTES = 1024 * 1024
_QUOTED = rb'[^"]*+(?:""[^"]*+)*+'
_TO_QUOTE = re.compile(_QUOTED + rb'"')


class UnclosedQuote(Exception):
    """A quoted field does not close, or runs on further than a field does."""


class RunsTooFar(UnclosedQuote):
    """A quoted field has more than 1,000 lines or 1 MiB."""


class RowTooLarge(Exception):
    """The lines of a row are together larger than a record may be, and there are more of them."""


class _Quote:
    """Follows a row of several lines: since how many lines and bytes its last field goes on."""

    def __init__(self, delimiter: str) -> None:
        self.open = False
        self.lines = self._bytes = 0
        mark = re.escape(delimiter.encode())
        field = rb'(?:"' + _QUOTED + rb'"|(?!")[^' + mark + rb"]*+)" + mark
        self._closed_fields = re.compile(rb"(?:" + field + rb")*+")

    def begin(self, line: bytes) -> None:
        """Begin with the first line of a row."""
        self._last_field(line, 0)

    def follow(self, line: bytes) -> None:
        """Go on through the next line, in which the quoted field may close. Raises RunsTooFar."""
        closing = _TO_QUOTE.match(line)
        at = closing.end() if closing else len(line)
        self.lines += 1
        self._bytes += at
        if self.lines > _MOST_LINES or self._bytes > MOST_BYTES:
            raise RunsTooFar
        if closing:
            # Behind the quote stands a delimiter, or the row ends, or the csv module objects.
            self._last_field(line, at + 1)

    def _last_field(self, line: bytes, at: int) -> None:
        fields = self._closed_fields.match(line, at)
        at = fields.end() if fields else at
        self.open = line[at : at + 1] == b'"' and not _TO_QUOTE.match(line, at + 1)
        self.lines, self._bytes = 1, len(line) - at


class Lines:
    """Hands the csv module one line at a time, and keeps those that make up the present row.

    A row that fails costs its first line alone: the others are read again as rows of their own.
    """

    def __init__(self, lines: Iterator[Line], delimiter: str, limit: int) -> None:
        self.number = 1
        self._lines = lines
        self._limit = limit
        self._row: list[Line] = []
        self._size = 0
        self._waiting: deque[Line] = deque()
        self._quote = _Quote(delimiter)
        self._doomed = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.peek()
        if line is None and not self._row:
            raise StopIteration
        # Inside a quote it makes no difference where the quote began: a row that goes on into lines
        # at whose end another one failed fails there too, and those lines are not read once more.
        if line is None or not line[2] or (self._row and self._next_number <= self._doomed):
            raise UnclosedQuote
        if self._size > self._limit + MOST_BYTES:
            raise RowTooLarge
        data = line[0] + line[1]
        self._waiting.popleft()
        self._row.append(line)
        self._size += len(data)
        # That a second line is asked for tells that a quoted field is open; most rows have one.
        if len(self._row) == 2:
            self._quote.begin(self._row[0][0] + self._row[0][1])
        if len(self._row) > 1:
            self._quote.follow(data)
        # Quotes and delimiters are ASCII: where they stand does not hang on what is no UTF-8.
        return data.decode("utf-8", "surrogateescape")

    @property
    def several(self) -> bool:
        """Tell whether the present row has more than one line."""
        return len(self._row) > 1

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
        end = self._row[-1][1]
        raw = b"".join(body + end for body, end, _ in self._row)
        line, self.number = self.number, self._next_number
        self._row, self._size = [], 0
        return raw[: len(raw) - len(end)], end, line

    def give_up(self, error: Exception) -> None:
        """Keep only the first line of the present row, which failed with `error`."""
        # The field that ran too far may have room in a row that begins within it.
        within = self._quote.lines - 1 if isinstance(error, RunsTooFar) else 0
        self._doomed = max(self._doomed, self._next_number - 1 - within)
        self._waiting.extendleft(reversed(self._row[1:]))
        del self._row[1:]

    def read_past(self) -> tuple[bytes, bytes, int]:
        """Read past the rest of a row that is too large; give its first 64 KiB, end and line."""
        head, number = b"".join(body + end for body, end, _ in self._row)[:HEAD], self.number
        end = self._row[-1][1]
        self.number, self._row, self._size = self._next_number, [], 0
        while self._quote.open and (line := self.peek()) and line[2]:
            end = line[1]
            self.skip()
            try:
                self._quote.follow(line[0] + line[1])
            except RunsTooFar:
                break
        return head, end, number

    @property
    def _next_number(self) -> int:
        return self.number + len(self._row)
