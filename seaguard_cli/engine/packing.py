"""How items share a batch: pure arithmetic on token ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

Ids = Sequence[int]


class Row(NamedTuple):
    """Tokens that are decoded one after another, `first` being the position of the first.

    They belong to each of `sequences`, which are equal up to there. `read` tells that the logits
    behind the last of them are wanted.
    """

    sequences: Sequence[int]
    first: int
    ids: Ids
    read: bool


def common_prefix(one: Ids, other: Ids) -> int:
    """Give how many ids both begin with."""
    for at, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return at
    return min(len(one), len(other))


def shared(ids: Ids, head: Ids) -> int:
    """Give how much of `head` an item can take over: what it begins with, short of its last id."""
    return min(common_prefix(ids, head), len(ids) - 1)


def rows(items: Sequence[Ids], starts: Sequence[int]) -> Iterator[Row]:
    """Give the rows that decode `items`, item n as sequence n + 1, each from its start on.

    The items are sorted. What one has in common with those after it is decoded once, for all.
    """
    ends = [_common_end(items, starts, at) for at in range(len(items))]
    for at, ids in enumerate(items):
        end = max(starts[at], ends[at - 1] if at else 0)
        sharing = at
        # Those that share the most of it come first, so from its end backwards they become more.
        bounds = [len(ids)]
        reach = len(ids)
        while sharing < len(items) and (reach := min(reach, ends[sharing])) > end:
            sharing += 1
            bounds.append(reach)
        for other in range(sharing, at - 1, -1):
            upto = bounds[other - at]
            if upto > end:
                numbers = range(at + 1, other + 2)
                yield Row(numbers, end, ids[end:upto], read=upto == len(ids))
                end = upto


def _common_end(items: Sequence[Ids], starts: Sequence[int], at: int) -> int:
    """Give where an item and the next part, short of the next's last id; 0 when nothing is shared.

    Sequences that were given different parts of the head have no tokens in common.
    """
    if at + 1 == len(items) or starts[at] != starts[at + 1]:
        return 0
    return shared(items[at + 1], items[at])


def cuts(start: int, end: int, *, ubatch: int) -> list[int]:
    """Give where to end each decode that takes a lone item from `start` to `end` tokens.

    They fall where the micro-batches of the whole prompt would end, so that every one has the
    shape that it has there.
    """
    return [*range(start - start % ubatch + ubatch, end, ubatch), end]


class LoneBatch:
    """Items that are judged as if each were alone: at most so many, and so many tokens of theirs.

    All but a single one begin with the whole head.
    """

    def __init__(self, head: Ids, *, tokens: int, items: int) -> None:
        self.head = head
        self.items: list[Ids] = []
        self._tokens = tokens
        self._most = items

    def fits(self, ids: Ids) -> bool:
        """Tell whether an item still goes in; an empty batch takes any."""
        if not self.items:
            return True
        few = len(self.items) < self._most and len(ids) - len(self.head) <= self._tokens
        return few and shared(ids, self.head) == len(self.head)

    def add(self, ids: Ids) -> None:
        """Take an item in."""
        self._tokens -= len(ids) - len(self.head)
        self.items.append(ids)

    def follow(self, before: LoneBatch, ids: Ids) -> None:
        """Take nothing over."""


class Batch:
    """Items that are decoded together after one head: bounded in tokens and in sequences.

    Head and tails have to fit into a context of `ctx` tokens. `carried` is what the items before
    have left in it; of its last item the batch is to leave the first `leaves` tokens.
    """

    def __init__(self, head: Ids, *, tokens: int, ctx: int, sequences: int) -> None:
        self.head = head
        self.items: list[Ids] = []
        self.carried: Ids = ()
        self.leaves = 0
        self.tokens = 0
        self._most = tokens
        self._ctx = ctx
        self._sequences = sequences

    def fits(self, ids: Ids) -> bool:
        """Tell whether an item still goes in; an empty batch takes any."""
        if not self.items:
            return True
        tokens = self.tokens + self._new(ids)
        room = self._ctx - len(self.head) - len(self.carried)
        return tokens <= min(self._most, room) and len(self.items) < self._sequences

    def add(self, ids: Ids) -> None:
        """Take an item in."""
        self.tokens += self._new(ids)
        self.items.append(ids)

    def follow(self, before: Batch, ids: Ids) -> None:
        """Take over what the last item of the batch before has in common with the first of this.

        That is more than the head where one prompt has many responses. Of a batch of one item
        nothing is left, for that is judged alone.
        """
        common = shared(ids, before.items[-1])
        more = shared(ids, self.head) < common <= self._most and before.head == self.head
        if more and len(before.items) > 1:
            before.leaves, self.carried = common, before.items[-1][:common]

    def _new(self, ids: Ids) -> int:
        """Give the tokens that an item adds at most: it may share more than with the one before."""
        known = max(shared(ids, self.head), shared(ids, self.carried))
        if self.items:
            known = max(known, shared(ids, self.items[-1]))
        return len(ids) - known
