"""Which scores go when there are too many: pure arithmetic on days and keys."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

# Keys are random bytes, so these ranges hold about as many each.
RANGES = tuple(pairwise([b"", *(bytes([first]) for first in range(1, 256)), b"\xff" * 64]))


def cut(days: Sequence[tuple[int, int]], *, keep: int) -> tuple[int, int]:
    """Give the day before which all scores go, and how many of that day go, so that `keep` stay.

    `days` are pairs of a day and how many scores were last used on it, oldest first.
    """
    excess = max(sum(count for _, count in days) - keep, 0)
    for day, count in days:
        if excess < count:
            return day, excess
        excess -= count
    return (days[-1][0] + 1 if days else 0), 0
