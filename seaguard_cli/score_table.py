"""The scores of the last keys in a fixed amount of memory: nothing grows with the stream."""

from __future__ import annotations

import struct
from array import array

from seaguard_cli.verdict import Score

# A key may lie in any of so many neighbouring slots. At two slots and more a key, that all of them
# are taken by younger keys happens once in millions of times; the oldest of them then gives way.
_REACH = 16
_HALVES = struct.Struct("<QQ")


class ScoreTable:
    """Remembers the scores of the `size` keys that were lately put or found.

    A key is 16 bytes of a digest; what is remembered of it takes 41 bytes, all of them reserved at
    the beginning.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._slots = 1 << (2 * size - 1).bit_length()
        room = self._slots + _REACH
        self._low = array("Q", bytes(8 * room))
        self._high = array("Q", bytes(8 * room))
        # When each was last of use, counted in keys; 0 is never.
        self._used = array("Q", bytes(8 * room))
        self._unsafe = array("d", bytes(8 * room))
        self._mass = array("d", bytes(8 * room))
        self._exact = array("B", bytes(room))
        self._now = size

    def get(self, key: bytes) -> Score | None:
        """Give what was put under `key`, if it is remembered."""
        low, high, start = self._split(key)
        at, end = start, start + _REACH
        while True:
            try:
                at = self._low.index(low, at, end)
            except ValueError:
                return None
            if self._high[at] == high and self._used[at] > self._now - self._size:
                break
            at += 1
        self._now += 1
        self._used[at] = self._now
        return Score(self._unsafe[at], self._mass[at], exact=bool(self._exact[at]))

    def put(self, key: bytes, score: Score) -> None:
        """Remember a score under a key that is not remembered."""
        low, high, start = self._split(key)
        at = start
        if self._used[at] > self._now - self._size:
            used = self._used[start : start + _REACH]
            at += used.index(min(used))
        self._now += 1
        self._low[at], self._high[at], self._used[at] = low, high, self._now
        self._unsafe[at], self._mass[at] = score.unsafe, score.mass
        self._exact[at] = score.exact

    def _split(self, key: bytes) -> tuple[int, int, int]:
        low, high = _HALVES.unpack(key)
        return low, high, low & (self._slots - 1)
