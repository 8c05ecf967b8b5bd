"""Packed inputs: gzip and zstd are unpacked as they are read, in bounded memory.

What comes before a damaged or missing part is given; then InputFailed says what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import PurePath
from typing import BinaryIO, cast

from seaguard_cli.errors import InputFailed, InputPacked

from .lines import Source


class Packing(StrEnum):
    """How an input is packed."""

    GZIP = "gzip"
    ZSTD = "zstd"


_SUFFIXES = {".gz": Packing.GZIP, ".zst": Packing.ZSTD, ".zstd": Packing.ZSTD}
MARKS = {
    b"\x1f\x8b": Packing.GZIP,
    b"\x28\xb5\x2f\xfd": Packing.ZSTD,
    # A frame to skip, which tools that pack in parallel begin with.
    **{bytes((number, 0x2A, 0x4D, 0x18)): Packing.ZSTD for number in range(0x50, 0x60)},
}
# What people may well try: it would be taken for broken text.
_UNREAD = {
    b"\xfd7zXZ\x00": ("xz", "xz -dc FILE"),
    b"PK\x03\x04": ("zip", "unzip -p FILE"),
    **{b"BZh%d1AY&SY" % level: ("bzip2", "bzip2 -dc FILE") for level in range(1, 10)},
}


def inner_name(name: str) -> str:
    """Give a file's name without the suffix that tells its packing."""
    path = PurePath(name)
    return str(path.with_suffix("")) if path.suffix.lower() in _SUFFIXES else name


def unpacked(source: Source) -> Source:
    """Give what a source holds: unpacked if its first bytes, or its name, tell that it is packed.

    Raises InputPacked and ZstdMissing, and InputFailed if it is not what its name says.
    """
    packing = _packing(source)
    if packing is None:
        return source
    if PurePath(inner_name(source.name)).suffix.lower() == ".tar":
        raise InputPacked(path=source.name, kind="tar", command="tar -xOf FILE")
    inner = Source(cast(BinaryIO, _Pieces(_pieces(source, packing))), source.name)
    if mark := inner.mark((*MARKS, *_UNREAD)):
        inside = _UNREAD[mark][0] if mark in _UNREAD else MARKS[mark]
        kind, command = f"{inside} within {packing}", f"{packing} -dc FILE"
        raise InputPacked(path=source.name, kind=kind, command=command)
    return inner


def _packing(source: Source) -> Packing | None:
    mark = source.mark((*MARKS, *_UNREAD))
    if mark in _UNREAD:
        kind, command = _UNREAD[mark]
        raise InputPacked(path=source.name, kind=kind, command=command)
    named = _SUFFIXES.get(PurePath(source.name).suffix.lower())
    if mark or named is None or _is_cut_off(source.look(bool)):
        return MARKS.get(mark, named)
    reason = f"it is no {named} archive, though its name says so"
    raise InputFailed(path=source.name, reason=reason)


def _is_cut_off(seen: bytes) -> bool:
    """Tell whether an archive ends before its first bytes do."""
    return any(mark.startswith(seen) for mark in MARKS)


def _pieces(source: Source, packing: Packing) -> Iterator[bytes]:
    if packing is Packing.GZIP:
        from .gunzip import gunzip

        return gunzip(source)
    from .unzstd import unzstd

    return unzstd(source)


class _Pieces:
    """Pieces of data as a stream that gives one at a time."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, size: int) -> bytes:
        return next(self._pieces, b"")
