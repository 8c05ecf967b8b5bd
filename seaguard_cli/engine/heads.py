"""States of heads that were decoded: no head is decoded twice in a process, nor, kept, in two."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Protocol

from seaguard_cli.engine.packing import Ids

# Those of both tasks, and of a stream that changes its ways.
_IN_MEMORY = 4


class KeptStates(Protocol):
    """Where states outlive the process, for the weights that the engine has loaded."""

    def read(self, key: str) -> bytes | None:
        """Give the state under `key`, whole and as it was written, or None."""

    def write(self, key: str, state: bytes) -> None:
        """Keep a state; where that cannot be, it is not."""


class Heads:
    """The states of one decoder's heads, the least lately used given up first.

    `way` tells all that moves a number in them beside weights and tokens.
    """

    def __init__(self, way: str, kept: KeptStates | None) -> None:
        self._way = way
        self._kept = kept
        self._states: OrderedDict[tuple[int, ...], bytes] = OrderedDict()
        self._new: set[tuple[int, ...]] = set()

    def state_of(self, head: Ids) -> bytes | None:
        """Give the state of a head, or None when it has to be decoded."""
        ids = tuple(head)
        if ids not in self._states and self._kept:
            state = self._kept.read(self._key(ids))
            if state is not None:
                self._hold(ids, state)
        if ids in self._states:
            self._states.move_to_end(ids)
        return self._states.get(ids)

    def learn(self, head: Ids, state: bytes) -> None:
        """Take the state of a head that was decoded."""
        self._new.add(tuple(head))
        self._hold(tuple(head), state)

    def save(self) -> None:
        """Keep what is new for later processes."""
        for ids in self._new & self._states.keys():
            if self._kept:
                self._kept.write(self._key(ids), self._states[ids])
        self._new.clear()

    def _hold(self, ids: tuple[int, ...], state: bytes) -> None:
        self._states[ids] = state
        while len(self._states) > _IN_MEMORY:
            self._states.popitem(last=False)

    def _key(self, ids: tuple[int, ...]) -> str:
        return json.dumps([self._way, ids])
