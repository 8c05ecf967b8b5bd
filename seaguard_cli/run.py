"""One pass over items: what is not known is asked of the engine, and each outcome given in order.

An item is one prompt, or one for each window of a text that is too long. The prompts of all items
are one stream to the engine: windows are packed with what stands beside them, and an item's own
outcome is there with that of its last piece.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from seaguard_cli.engine import FLUSH, Engine, Flush
from seaguard_cli.errors import Failure, ItemFailed
from seaguard_cli.measurement import Finding, Measurement
from seaguard_cli.memory import Memory
from seaguard_cli.prompt import Piece, Prompt, Splitter
from seaguard_cli.verdict import Item, Score

# Verdicts that are known wait for those before them; so many may wait before a batch is closed.
_MOST_WAITING = 4096


@dataclass(frozen=True, slots=True)
class Settling:
    """Which scores are measured again alone: all of them, or those so near to the threshold."""

    threshold: float
    distance: float
    everything: bool


@dataclass(slots=True)
class Effort:
    """What passes took: `rejudged` undecided scores were measured again alone."""

    rejudged: int = 0


class Run:
    """A pass over items with one engine, which is opened when the first of them is not known."""

    def __init__(
        self,
        engine: Callable[[], Engine],
        splitter: Callable[[], Splitter],
        memory: Memory,
        settling: Settling,
        effort: Effort,
    ) -> None:
        self._engine = engine
        self._new_splitter = splitter
        self._splitter: Splitter | None = None
        self._memory = memory
        self._settling = settling
        self._effort = effort
        self._waiting: deque[tuple[Item | None, Measurement]] = deque()
        self._asked: deque[tuple[Piece, Measurement]] = deque()

    def outcomes(
        self, items: Iterable[Item | Failure | Flush]
    ) -> Iterator[tuple[Item | None, Finding | Failure]]:
        """Give each item with what was measured for it, as soon as that is known; in order.

        A Failure among the items keeps its place, without an item.
        """
        waiting = self._waiting
        try:
            for measured in self._measure(self._prompts(items)):
                if not isinstance(measured, Flush):
                    piece, measurement = self._asked.popleft()
                    measurement.take(piece, self._settled(piece, measured, measurement))
                    self._memory.learn(measurement)
                while waiting and (outcome := waiting[0][1].outcome) is not None:
                    yield waiting.popleft()[0], outcome
        finally:
            self._memory.give_up(self)

    def _prompts(self, items: Iterable[Item | Failure | Flush]) -> Iterator[Prompt | Flush]:
        """Give the prompts that have to be measured, and note what waits for which."""
        for item in items:
            if isinstance(item, Flush):
                yield item
                continue
            if isinstance(item, Failure):
                self._waiting.append((None, Measurement(item)))
            else:
                measurement, new = self._memory.of(item, run=self)
                self._waiting.append((item, measurement))
                if new:
                    splitter = self._splitter = self._splitter or self._new_splitter()
                    prompt = splitter.short(item)
                    if prompt is None:
                        yield from self._pieces(splitter, item, measurement)
                    else:
                        self._asked.append((Piece(prompt), measurement))
                        yield prompt
            if len(self._waiting) >= _MOST_WAITING:
                yield FLUSH
        yield FLUSH

    def _pieces(self, splitter: Splitter, item: Item, measurement: Measurement) -> Iterator[Prompt]:
        """Give an item's prompts, one after another, up to one that fails."""
        try:
            for piece in splitter.pieces(item):
                self._asked.append((piece, measurement))
                yield piece.prompt
                if measurement.outcome is not None:
                    return
        except ItemFailed as error:
            measurement.outcome = error.failure
            self._memory.learn(measurement)

    def _measure(self, prompts: Iterator[Prompt | Flush]) -> Iterator[Score | Failure | Flush]:
        for first in prompts:
            if isinstance(first, Flush):
                yield first
            elif self._settling.everything:
                yield self._engine().score_alone(first)
            else:
                yield from self._engine().score(chain([first], prompts))

    def _settled(
        self, piece: Piece, measured: Score | Failure, measurement: Measurement
    ) -> Score | Failure:
        """Measure an undecided score again alone, as `deterministic` does.

        Not so where it no longer matters: the item has failed, or another window of it scored
        beyond what is undecided, and so higher than this one.
        """
        if isinstance(measured, Failure) or measured.exact or measurement.outcome is not None:
            return measured
        threshold, distance = self._settling.threshold, self._settling.distance
        worst = measurement.worst
        decided = worst is not None and worst.unsafe > threshold + distance
        if decided or abs(measured.unsafe - threshold) > distance:
            return measured
        self._effort.rejudged += 1
        return self._engine().score_alone(piece.prompt)
