"""One member added to, or taken from, an object's own bytes; every other byte stays."""

from __future__ import annotations

from .exact import Member, may_hold, members
from .record import BLANKS


def with_member(raw: bytes, member: bytes) -> bytes:
    """Give the object `raw` with `member` (`"key": value`) before its last brace."""
    body = raw[: raw.rindex(b"}")]
    inner = body.rstrip(BLANKS)
    comma = b"" if inner.endswith(b"{") else b", "
    return b"".join((inner, comma, member, raw[len(inner) :]))


def without(raw: bytes, key: str) -> bytes:
    """Give the object `raw` without any member at its top whose key is `key`."""
    if not may_hold(raw, key):
        return raw
    parts = list(members(raw, raw.index(b"{")))
    kept = [at for at, member in enumerate(parts) if member.key != key]
    if len(kept) == len(parts):
        return raw
    return _cut(raw, parts, kept)


def _cut(raw: bytes, parts: list[Member], kept: list[int]) -> bytes:
    """Leave out what is not kept, each with the comma behind it, the last ones with that before."""
    if not kept:
        return raw[: parts[0].start] + raw[parts[-1].end :]
    pieces = [raw[: parts[0].start]]
    for at in kept[:-1]:
        pieces.append(raw[parts[at].start : parts[at + 1].start])
    last = parts[kept[-1]]
    pieces += raw[last.start : last.end], raw[parts[-1].end :]
    return b"".join(pieces)
