"""Where items lie in the cache so that each is summed up as if it were alone there.

A sum over the cache is made in the lanes of the processor's registers: the numbers of 16 cells at
a time, in float32 the most that llama.cpp has kernels for (AVX-512). Cells of other sequences add
exact zeros. So an item adds up to the same bits wherever it lies, as long as each of its tokens
has the lane that it has alone, and shares its register with the same tokens of the head.

Hence every item begins with a register of its own, with a copy of what the head has in its last,
unfilled one. llama.cpp puts tokens into the first free cells: what is to lie between items is
taken by states of the head, as if they had been decoded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from seaguard_cli.engine.session import HEAD, Context, DoesNotFit

# So many items may share a decode. From 8 rows on llama.cpp multiplies by other kernels
# (ggml-cpu/tiled/tiled.cpp, ggml_tiled_min_batch), and behind the last attention there is one row
# for each. 256 rows are what these kernels unpack a weight for once.
MOST_TOGETHER, MOST_TOKENS = 7, 256
_MOST_FILLERS = 24
# Sequences beside that of one item: those of the others, and those that take cells.
LANE_SEQUENCES = MOST_TOGETHER - 1 + _MOST_FILLERS
_REGISTER = 16
_FIRST = 1


class Lanes:
    """Which cells items of so many `tokens` behind a head of `head` tokens are to take.

    `copied` is how much of the head each has for itself. `end` is behind the last cell.
    """

    def __init__(self, head: int, tokens: Sequence[int]) -> None:
        self.head = head
        self.copied = head % _REGISTER
        self.begins: list[int] = []
        self.spans: list[tuple[int, int]] = []
        at = _whole(head)
        for count in tokens:
            self.begins.append(at)
            self.spans.append((at + self.copied, at + self.copied + count))
            at += _whole(self.copied + count)
        self.end = at


def _whole(cells: int) -> int:
    """Give the cells of as many whole registers."""
    return -(-cells // _REGISTER) * _REGISTER


@contextmanager
def laid_out(context: Context, lanes: Lanes, state: bytes | None) -> Iterator[range]:
    """Have a context that holds only its head take items as planned; give their sequences.

    `state` is that of the head. Raises DoesNotFit when there is none, or too little room.
    """
    items = range(_FIRST, _FIRST + len(lanes.begins))
    filling = _Filling(context, lanes.head, state)
    whole = lanes.head - lanes.copied
    try:
        own = context.part(HEAD, whole, lanes.head, by=_FIRST) if lanes.copied else None
        ends = [*lanes.begins[1:], lanes.end]
        filling.up_to(lanes.begins[0])
        for sequence, end in zip(items, ends, strict=True):
            filling.take(sequence, own, lanes.copied)
            context.share(HEAD, sequence, whole)
            filling.up_to(end)
        for span in lanes.spans:
            filling.free(*span)
        yield items
    finally:
        for sequence in (*items, *filling.sequences):
            context.forget(sequence)


class _Filling:
    """Takes the cells behind a head of `size` tokens, one after another."""

    def __init__(self, context: Context, size: int, state: bytes | None) -> None:
        self.sequences: list[int] = []
        self._context = context
        self._size = size
        self._state = state
        self._at = size
        self._taken: list[tuple[int, int, int]] = []

    def up_to(self, end: int) -> None:
        """Take what is free before the cell `end`."""
        while self._at < end:
            sequence = _FIRST + MOST_TOGETHER + len(self.sequences)
            if len(self.sequences) == _MOST_FILLERS:
                raise DoesNotFit
            self.sequences.append(sequence)
            begin = self._at
            self.take(sequence, self._state, self._size)
            if self._at > end:
                self._context.forget(sequence, end - begin, self._size)
                self._at = end
            self._taken.append((sequence, begin, self._at))

    def take(self, sequence: int, state: bytes | None, cells: int) -> None:
        """Put the state of so many cells in as that of `sequence`. Raises DoesNotFit."""
        if cells and (state is None or not self._context.restore(sequence, state)):
            raise DoesNotFit
        self._at += cells

    def free(self, first: int, last: int) -> None:
        """Give the cells [first, last) back."""
        for sequence, begin, end in self._taken:
            if first < end and begin < last:
                self._context.forget(sequence, max(first, begin) - begin, min(last, end) - begin)
