"""Values read back from JSON, each of the kind that was written, or ValueError."""

from __future__ import annotations

from typing import Any


def count(value: object) -> int:
    """Give a whole number from 0 on."""
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def text(value: object) -> str:
    """Give a string."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def switch(value: object) -> bool:
    """Give true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def members(value: object) -> dict[str, Any]:
    """Give an object."""
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is no object")
    return value
