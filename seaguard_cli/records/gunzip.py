"""Gzip, unpacked piece by piece, members and all."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from seaguard_cli.errors import InputFailed

from .lines import CHUNK, Source

_GZIP = 16 + zlib.MAX_WBITS
CUT_OFF = "its {} data is cut off"
DAMAGED = "its {} data is damaged"


def gunzip(source: Source) -> Iterator[bytes]:
    """Give what the members hold, one after the other, in pieces that are never empty.

    Raises InputFailed behind everything that comes before the damage, or before the cut.
    """
    try:
        yield from _members(source)
    except zlib.error as error:
        raise InputFailed(path=source.name, reason=DAMAGED.format("gzip")) from error
    except EOFError as error:
        raise InputFailed(path=source.name, reason=CUT_OFF.format("gzip")) from error


def _members(source: Iterable[bytes]) -> Iterator[bytes]:
    member, before = zlib.decompressobj(_GZIP), 0
    begun = False
    for data in source:
        while data:
            # Some tools fill up the last block of an archive with zeros.
            if before and not begun and not (data := data.lstrip(b"\0")):
                break
            begun = True
            yield from _inflated(member, data)
            data = b""
            if member.eof:
                data, member = member.unused_data, zlib.decompressobj(_GZIP)
                begun, before = False, before + 1
    if begun or not before:
        raise EOFError


def _inflated(member: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    """Give what `data` adds, in pieces of bounded size: little data may be a great deal packed."""
    while True:
        before = member.copy()
        try:
            piece = member.decompress(data, CHUNK)
        except zlib.error:
            yield from _rescued(before, data)
            raise
        if piece:
            yield piece
        data = member.unconsumed_tail
        if member.eof or (not data and len(piece) < CHUNK):
            return


def _rescued(member: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    """Give what comes before the damage: zlib drops what it had unpacked when it meets it."""
    for at in range(len(data)):
        try:
            piece = member.decompress(data[at : at + 1])
        except zlib.error:
            return
        if piece:
            yield piece
