"""From a stream to chunks, and from chunks to lines: lazily, in bounded memory."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from seaguard_cli.errors import InputEncoding, InputFailed

from .record import HEAD

CHUNK = 64 * 1024

Line = tuple[bytes, bytes, bool]
"""A line without its end, its end, and whether it is whole: if not, it is its first 64 KiB."""

_MARKS = {
    b"\xef\xbb\xbf": "UTF-8",
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


class Source:
    """A stream, read no further than asked; what was looked at can be put back."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.name = name
        self._stream = stream
        # read1 returns what a pipe holds; read would wait until a chunk is full.
        self._pull = getattr(stream, "read1", stream.read)
        self._waiting = b""
        self._failure: InputFailed | None = None

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.chunk, b"")

    def chunk(self) -> bytes:
        """Give the next bytes, or none at the end. Raises InputFailed."""
        if self._failure and not self._waiting:
            raise self._failure
        data = b""
        try:
            while not self._waiting and not (data := self._pull(CHUNK)):
                if not self._is_merely_empty():
                    return b""
        except (OSError, EOFError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InputFailed(path=self.name, reason=reason) from error
        waiting, self._waiting = self._waiting, b""
        return waiting or data

    def look(self, enough: Callable[[bytes], bool]) -> bytes:
        """Give what comes next, as far as `enough` asks for, and take none of it.

        Reading that breaks off ends it too; that is raised once it is read so far.
        """
        seen = b""
        while not enough(seen):
            try:
                more = self.chunk()
            except InputFailed as failure:
                self._failure = failure
                break
            if not more:
                break
            seen += more
        self._waiting = seen + self._waiting
        return seen

    def mark(self, marks: Iterable[bytes]) -> bytes:
        """Give the longest of `marks` that comes next, or nothing, and take none of it."""
        known = tuple(marks)

        def enough(seen: bytes) -> bool:
            return not any(len(seen) < len(one) and one.startswith(seen) for one in known)

        seen = self.look(enough)
        return max((one for one in known if seen.startswith(one)), key=len, default=b"")

    def skip(self, size: int) -> None:
        """Take `size` bytes that have been looked at."""
        self._waiting = self._waiting[size:]

    def rewound(self) -> BinaryIO | None:
        """Give the stream itself, at its beginning, if nothing but a look was taken and it can."""
        try:
            if self._failure or self._stream.tell() != len(self._waiting):
                return None
            self._stream.seek(0)
        except (AttributeError, OSError, ValueError):
            return None
        return self._stream

    def _is_merely_empty(self) -> bool:
        """Wait for a pipe that another process made non-blocking: empty looks like ended there."""
        raw = getattr(self._stream, "raw", self._stream)
        try:
            descriptor = raw.fileno()
            if os.get_blocking(descriptor):
                return False
        except (AttributeError, OSError):
            return False
        select.select([descriptor], [], [])
        data = raw.read(CHUNK)
        self._waiting = data or b""
        return data is None or bool(data)


def drop_mark(source: Source) -> None:
    """Drop a UTF-8 byte order mark. Raises InputEncoding if the mark is another one."""
    mark = source.mark(_MARKS)
    if mark and _MARKS[mark] != "UTF-8":
        raise InputEncoding(path=source.name, encoding=_MARKS[mark])
    source.skip(len(mark))


def split_lines(chunks: Iterable[bytes], limit: int) -> Iterator[Line]:
    """Give the lines, parted by line feeds alone; one longer than `limit` is read past."""
    held = bytearray()
    cut = False
    for chunk in chunks:
        pieces = chunk.split(b"\n")
        last = pieces.pop()
        for piece in pieces:
            if held:
                held += piece
                piece = bytes(held)
                held.clear()
            end = b"\n"
            if piece[-1:] == b"\r":
                piece = piece[:-1]
                end = b"\r\n"
            if cut or len(piece) > limit:
                cut = False
                yield piece[:HEAD], end, False
            else:
                yield piece, end, True
        held += last
        # One more than the limit may be the carriage return of the line's end.
        if len(held) > limit + 1:
            cut = True
            del held[HEAD:-1]
    if held:
        whole = not cut and len(held) <= limit
        yield bytes(held) if whole else bytes(held[:HEAD]), b"", whole
