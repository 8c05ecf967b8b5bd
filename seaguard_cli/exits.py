"""The exit statuses of the command line, and which one wins when several apply."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """What the process ends with; the contract that scripts rely on."""

    OK = 0
    UNSAFE = 1
    USAGE = 2
    UNJUDGED = 3
    WEIGHTS = 4
    ENGINE = 5
    BUG = 70
    IO = 74
    INTERRUPTED = 130
    BROKEN_PIPE = 141


_PRECEDENCE = (Exit.BUG, Exit.ENGINE, Exit.IO, Exit.UNJUDGED, Exit.UNSAFE)


def worst(statuses: Iterable[Exit]) -> Exit:
    """Give the status that a run ends with when each of `statuses` applies to it."""
    found = set(statuses)
    return next((status for status in _PRECEDENCE if status in found), Exit.OK)
