"""Zstandard, unpacked piece by piece, frames and all."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Iterator
from typing import Any

from seaguard_cli.errors import InputFailed, ZstdMissing

from .gunzip import CUT_OFF, DAMAGED
from .lines import CHUNK, Source

_SKIPPED = b"\x2a\x4d\x18"
# A block of one byte, repeated.
_REPEATED = 1
_LONG_WINDOW = "too much memory"
_TOO_LONG = "its zstd window is longer than 128 MiB (`zstd -dc --long=31` unpacks it)"


def unzstd(source: Source) -> Iterator[bytes]:
    """Give what the frames hold, one after the other, in pieces that are never empty.

    Raises ZstdMissing, and InputFailed behind everything that comes before the damage, or before
    the cut. A window takes at most 128 MiB.
    """
    zstd = _library(source.name)
    try:
        yield from _frames(blocks(source), zstd)
    except zstd.ZstdError as error:
        damaged = DAMAGED.format("zstd")
        reason = _TOO_LONG if _LONG_WINDOW in str(error) else damaged
        raise InputFailed(path=source.name, reason=reason) from error
    except EOFError as error:
        raise InputFailed(path=source.name, reason=CUT_OFF.format("zstd")) from error


def _library(name: str) -> Any:  # noqa: ANN401  # one module in two places
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError as error:
        raise ZstdMissing(path=name) from error
    return zstd


def _frames(source: Iterable[bytes], zstd: Any) -> Iterator[bytes]:  # noqa: ANN401  # as above
    frame, begun, before = zstd.ZstdDecompressor(), False, 0
    for data in source:
        while data:
            begun = True
            yield from _decoded(frame, data)
            data = b""
            if frame.eof:
                data, frame = frame.unused_data, zstd.ZstdDecompressor()
                begun, before = False, before + 1
    if begun or not before:
        raise EOFError


def _decoded(frame: Any, data: bytes) -> Iterator[bytes]:  # noqa: ANN401  # as above
    """Give what `data` adds, in pieces of bounded size: little data may be a great deal packed."""
    while True:
        if piece := frame.decompress(data, CHUNK):
            yield piece
        if frame.eof or frame.needs_input:
            return
        data = b""


def blocks(source: Iterable[bytes]) -> Iterator[bytes]:
    """Give the same bytes, cut where a block ends.

    The decoder drops what it had unpacked from a piece when it meets damage in it; so a damaged
    block costs no other. Where the data is none of zstd's, the cuts do not matter.
    """
    cuts = _cuts()
    wanted = next(cuts)
    held = b""
    for data in source:
        held += data
        while len(held) >= wanted:
            piece, held = held[:wanted], held[wanted:]
            yield piece
            wanted = cuts.send(piece)
    if held:
        yield held


def _cuts() -> Generator[int, bytes, None]:
    """Ask for the next bytes, so many at a time, each time up to where something ends."""
    while True:
        magic = yield 4
        if magic[1:] == _SKIPPED:
            left = int.from_bytes((yield 4), "little")
            while left:
                left -= len((yield min(left, CHUNK)))
            continue
        (descriptor,) = yield 1
        single = descriptor >> 5 & 1
        window, dictionary = 1 - single, (0, 1, 2, 4)[descriptor & 3]
        size = (single, 2, 4, 8)[descriptor >> 6]
        yield window + dictionary + size or 1
        last = 0
        while not last:
            head = int.from_bytes((yield 3), "little")
            last, kind, size = head & 1, head >> 1 & 3, head >> 3
            size = 1 if kind == _REPEATED else size
            if size:
                yield size
        if descriptor >> 2 & 1:
            yield 4
