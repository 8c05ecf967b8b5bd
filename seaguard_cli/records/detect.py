"""What format an input is in, from its name or from its first bytes."""

from __future__ import annotations

import re
from pathlib import PurePath

from .lines import Source
from .record import Format

_SUFFIXES = {
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".json": Format.JSON,
    ".csv": Format.CSV,
    ".tsv": Format.TSV,
    ".txt": Format.TEXT,
}

_LOOK = 64 * 1024
_OPENING = re.compile(rb"[ \t\n\r]*+(?:(\[)[ \t\n\r]*+)?+(.)?", re.DOTALL)


def by_suffix(name: str) -> Format | None:
    """Give the format that a file's name tells, or None."""
    return _SUFFIXES.get(PurePath(name).suffix.lower())


def by_content(source: Source) -> Format:
    """Give the format that the first bytes tell, and take none of them from the source."""
    seen = bytearray()
    bracket = mark = None
    while mark is None and len(seen) < _LOOK and (more := source.chunk()):
        seen += more
        opening = _OPENING.match(seen)
        bracket, mark = opening.groups() if opening else (None, None)
    source.put_back(bytes(seen))
    if bracket:
        return Format.JSON if mark in (b"{", b'"', b"]") else Format.TEXT
    return Format.JSONL if mark == b"{" else Format.TEXT
