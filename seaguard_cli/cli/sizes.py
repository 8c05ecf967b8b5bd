"""Sizes and times as a person reads them."""

from __future__ import annotations

_UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "KB"))


def size_words(size: object) -> str:
    """Give a number of bytes in words: 2.5 GB, 340 MB, 12 bytes."""
    if not isinstance(size, int):
        return str(size)
    for unit, name in _UNITS:
        if size >= unit:
            number = size / unit
            return f"{number:.1f} {name}" if number < 10 else f"{number:.0f} {name}"
    return f"{size} bytes"


def time_words(seconds: float) -> str:
    """Give a time in words: 2 h 05 min, 3 min 10 s, 7 s."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    if whole >= 60:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole} s"
