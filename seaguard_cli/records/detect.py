"""What format an input is in, from its name or from its first bytes."""

from __future__ import annotations

import re
from pathlib import PurePath

from .archive import MARKS, inner_name
from .lines import Source
from .record import Format

_SUFFIXES = {
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".json": Format.JSON,
    ".csv": Format.CSV,
    ".tsv": Format.TSV,
    ".txt": Format.TEXT,
    ".parquet": Format.PARQUET,
}

_LOOK = 64 * 1024
# Behind the magic bytes begins a page's header, or the footer: both with a field of this number and
# type. A text may well begin with PAR1, and not with this.
_PARQUET = b"PAR1\x15"
_OPENING = re.compile(rb"[ \t\n\r]*+(?:(\[)[ \t\n\r]*+)?+(.)?", re.DOTALL)


def by_suffix(name: str) -> Format | None:
    """Give the format that a file's name tells, or None."""
    return _SUFFIXES.get(PurePath(name).suffix.lower())


def is_packed(name: str, head: bytes) -> bool:
    """Tell from a file's name or its first bytes whether its records are other bytes than its own.

    So it is with what is packed, and with Parquet.
    """
    packed = inner_name(name) != name or head.startswith(tuple(MARKS))
    return packed or by_suffix(name) is Format.PARQUET or head.startswith(_PARQUET)


def by_content(source: Source) -> Format:
    """Give the format that the first bytes tell, and take none of them from the source."""
    if source.mark((_PARQUET,)):
        return Format.PARQUET

    def enough(seen: bytes) -> bool:
        return len(seen) >= _LOOK or _opening(seen)[1] is not None

    bracket, mark = _opening(source.look(enough))
    if bracket:
        return Format.JSON if mark in (b"{", b'"', b"]") else Format.TEXT
    return Format.JSONL if mark == b"{" else Format.TEXT


def _opening(seen: bytes) -> tuple[bytes | None, bytes | None]:
    """Give the bracket that opens an array, if one does, and the first byte that is not blank."""
    found = _OPENING.match(seen)
    return (found[1], found[2]) if found else (None, None)
