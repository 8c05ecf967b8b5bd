"""Where one JSON value of a stream ends and the next begins, in bounded memory.

This divides; it does not judge what is valid. Where a value is broken it looks for the next point
at which a value can begin, so that one lost bracket or quote does not swallow what follows: a line
feed ends a string that is still open, a closing bracket closes what it can close, and an object
that begins where none may, or on a new line behind a broken string, is taken for the next value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import NamedTuple

from .record import BLANKS, HEAD

_BLANKS = re.compile(rb"[ \t\n\r]*+")
_IN_STRING = rb'[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+'
_REST_OF_STRING = re.compile(_IN_STRING, re.DOTALL)
_TO_BRACKET = re.compile(
    rb'[^"{}\[\]]*+(?:"' + _IN_STRING + rb'"[^"{}\[\]]*+)*+',
    re.DOTALL,
)
_BARE_IN_ARRAY = re.compile(rb'[^,\[\]{"\n]*+')
_BARE = re.compile(rb'[^ \t\n\r\[{"]*+')
_REST_OF_LINE = re.compile(rb"[^\n]*+")
_LOOK_BACK = 64
_DEEP = 64 * 1024

_OPENER = {ord("}"): ord("{"), ord("]"): ord("[")}


class Value(NamedTuple):
    """The bytes of one value, and where it begins.

    `whole` is False for the first 64 KiB of one that is too large. `fault` says what is wrong
    around it: then it is no value, and its bytes may be none.
    """

    raw: bytes
    line: int
    whole: bool
    fault: str
    element: bool


class _After(Enum):
    OPENING = auto()
    VALUE = auto()
    COMMA = auto()
    BROKEN = auto()


def split_values(chunks: Iterable[bytes], limit: int) -> Iterator[Value]:
    """Give the elements of a `[...]` array, or the values of a sequence."""
    scanner = _Scanner(iter(chunks), limit)
    if scanner.next_mark() != b"[":
        yield from _sequence(scanner, "")
        return
    yield from _array(scanner)
    yield from _sequence(scanner, "this comes after the end of the array")


def _sequence(scanner: _Scanner, fault: str) -> Iterator[Value]:
    while scanner.next_mark():
        yield scanner.value(_BARE, fault=fault, element=False)


def _array(scanner: _Scanner) -> Iterator[Value]:
    scanner.skip()
    after = _After.OPENING
    while mark := scanner.next_mark():
        if mark == b",":
            if after in (_After.OPENING, _After.COMMA):
                yield scanner.fault("there is no value before the comma")
            scanner.skip()
            after = _After.COMMA
        elif mark == b"]":
            if after is _After.COMMA:
                yield scanner.fault("there is no value after the last comma")
            scanner.skip()
            return
        else:
            # What is neither of these is a failure anyway: one is enough.
            if after is _After.VALUE and mark in (b"{", b"[", b'"'):
                yield scanner.fault("there is no comma between two values")
            yield scanner.value(_BARE_IN_ARRAY, fault="", element=True)
            after = _After.BROKEN if scanner.broken else _After.VALUE
    if after is not _After.BROKEN:
        yield scanner.fault("the array does not end")


class _Scanner:
    """What has been read and not yet given away; a value begins at the buffer's start."""

    def __init__(self, chunks: Iterator[bytes], limit: int) -> None:
        self.broken = False
        self._chunks = chunks
        self._limit = limit
        self._buffer = bytearray()
        self._at = 0
        self._line = 1
        self._head: bytes | None = None

    def next_mark(self) -> bytes:
        """Skip white space and give the byte behind it; none at the end."""
        while True:
            blanks = _BLANKS.match(self._buffer)
            self._at = blanks.end() if blanks else 0
            self._take()
            if self._buffer or not self._more():
                return bytes(self._buffer[:1])

    def skip(self) -> None:
        """Skip one byte."""
        self._at = 1
        self._take()

    def fault(self, words: str) -> Value:
        """Give what stands for something that is missing here."""
        return Value(b"", self._line, True, words, True)

    def value(self, bare: re.Pattern[bytes], *, fault: str, element: bool) -> Value:
        """Take the value that begins here; `bare` is what one without brackets is made of."""
        line, self.broken, self._head, self._at = self._line, False, None, 0
        mark = bytes(self._buffer[:1])
        if mark == b'"':
            self.broken = not self._string()
        elif mark in (b"{", b"["):
            self.broken = not self._brackets()
        else:
            self._run(bare)
        large = self._head is not None or self._at > self._limit
        raw = self._take()
        if large:
            return Value((self._head or raw)[:HEAD], line, False, "", element)
        return Value(raw.rstrip(BLANKS), line, True, fault, element)

    def _take(self) -> bytes:
        raw = bytes(self._buffer[: self._at])
        del self._buffer[: self._at]
        self._line += raw.count(b"\n")
        self._at = 0
        return raw

    def _more(self) -> bool:
        """Read on; of a value that is too large keep no more than its head."""
        if self._at > max(self._limit, HEAD):
            raw = self._take()
            self._head = self._head or raw[:HEAD]
        chunk = next(self._chunks, b"")
        self._buffer += chunk
        return bool(chunk)

    def _run(self, pattern: re.Pattern[bytes]) -> None:
        """Go on to where `pattern` no longer matches."""
        while True:
            found = pattern.match(self._buffer, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._buffer) or not self._more():
                return

    def _string(self) -> bool:
        """Go past the string that begins here; False if a line feed or the end breaks it off."""
        self._at += 1
        while True:
            found = _REST_OF_STRING.match(self._buffer, self._at)
            self._at = found.end() if found else self._at
            mark = self._buffer[self._at : self._at + 2]
            if mark[:1] == b'"':
                self._at += 1
                return True
            # A lone backslash at the end waits for the character that it escapes.
            if (mark and mark != b"\\") or not self._more():
                self._at += mark[:1] == b"\\"
                return False

    def _brackets(self) -> bool:
        """Go past the brackets that open here; False if they do not close as they should."""
        opened = bytearray()
        while True:
            found = _TO_BRACKET.match(self._buffer, self._at)
            self._at = found.end() if found else self._at
            if self._at == len(self._buffer):
                if not self._more():
                    return False
                continue
            mark = self._buffer[self._at]
            if mark == ord('"'):
                if not self._string():
                    self._to_next_object()
                    return False
                continue
            if mark == ord("{") and opened and self._misplaced(opened[-1]):
                return False
            self._at += 1
            if mark not in _OPENER:
                # What is nested deeper than this is not JSON to anyone: no need to remember it.
                opened += bytes((mark,)) if len(opened) < _DEEP else b""
            elif (matching := opened.rfind(_OPENER[mark])) >= 0:
                del opened[matching:]
                if not opened:
                    return True

    def _misplaced(self, inside: int) -> bool:
        """Tell whether an object that begins here cannot be part of what it stands in."""
        before = self._buffer[max(0, self._at - _LOOK_BACK) : self._at].rstrip(BLANKS)
        return bool(before) and before[-1] not in (b":" if inside == ord("{") else b"[,")

    def _to_next_object(self) -> None:
        """Go on to the next line that begins with an object."""
        while True:
            self._run(_REST_OF_LINE)
            self._run(_BLANKS)
            if self._at == len(self._buffer) or self._buffer[self._at] == ord("{"):
                return
