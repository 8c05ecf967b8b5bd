"""How items share a batch: pure arithmetic on token ids."""

from __future__ import annotations

from collections.abc import Sequence

Ids = Sequence[int]


def common_prefix(one: Ids, other: Ids) -> int:
    """Give how many ids both begin with."""
    for at, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return at
    return min(len(one), len(other))


def shared(ids: Ids, head: Ids) -> int:
    """Give how much of `head` an item can take over: what it begins with, short of its last id."""
    return min(common_prefix(ids, head), len(ids) - 1)


def cuts(start: int, end: int, *, ubatch: int) -> list[int]:
    """Give where to end each decode that takes a lone item from `start` to `end` tokens.

    They fall where the micro-batches of the whole prompt would end, so that every one has the
    shape that it has there.
    """
    return [*range(start - start % ubatch + ubatch, end, ubatch), end]


class Batch:
    """Items that are decoded together after one head: bounded in tokens and in sequences.

    `ctx` is the context in tokens that head and tails have to fit into.
    """

    def __init__(self, head: Ids, *, ctx: int, sequences: int) -> None:
        self.head = head
        self.items: list[Ids] = []
        self.tokens = len(head)
        self._ctx = ctx
        self._sequences = sequences

    def fits(self, ids: Ids) -> bool:
        """Tell whether an item still goes in; an empty batch takes any."""
        if not self.items:
            return True
        roomy = self.tokens + len(ids) - shared(ids, self.head) <= self._ctx
        return roomy and len(self.items) < self._sequences

    def add(self, ids: Ids) -> None:
        """Take an item in."""
        self.items.append(ids)
        self.tokens += len(ids) - shared(ids, self.head)
