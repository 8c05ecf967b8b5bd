"""One pass over items: what is not known is asked of the engine, and each outcome given in order.

An item is one prompt, or one for each window of a text that is too long. The prompts of all items
are one stream to the engine: windows are packed with what stands beside them, and an item's own
outcome is there with that of its last piece.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from seaguard_cli.engine import FLUSH, Engine, Flush, Outcomes
from seaguard_cli.errors import Failure, ItemFailed
from seaguard_cli.measurement import Finding, Measurement
from seaguard_cli.memory import Memory
from seaguard_cli.prompt import Piece, Prompt, Splitter
from seaguard_cli.verdict import Item, Score

_Asked = tuple[Piece, Measurement]

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
        self._asked: deque[_Asked] = deque()

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
                    self._take(measured)
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

    def _measure(self, prompts: Iterator[Prompt | Flush]) -> Iterator[Outcomes | Flush]:
        for first in prompts:
            if isinstance(first, Flush):
                yield first
                continue
            engine = self._engine()
            score = engine.score_alone if self._settling.everything else engine.score
            yield from score(chain([first], prompts))

    def _take(self, outcomes: Outcomes) -> None:
        """Take the outcomes of the prompts that were asked first, the undecided ones settled."""
        asked = [self._asked.popleft() for _ in outcomes]
        settled = self._settled(asked, outcomes)
        for (piece, measurement), outcome in zip(asked, settled, strict=True):
            measurement.take(piece, outcome)
            self._memory.learn(measurement)

    def _settled(self, asked: Sequence[_Asked], outcomes: Outcomes) -> Outcomes:
        """Give the outcomes, undecided scores measured again alone, as `deterministic` does.

        Not so where it no longer matters: the item has failed, or another window of it scored
        beyond what is undecided, and so higher than this one.
        """
        undecided = [at for at, one in enumerate(outcomes) if self._is_undecided(one)]
        if not undecided:
            return outcomes
        decided = {
            id(measurement)
            for (_, measurement), outcome in zip(asked, outcomes, strict=True)
            if measurement.outcome is not None
            or isinstance(outcome, Failure)
            or self._is_decided(outcome)
            or (measurement.worst is not None and self._is_decided(measurement.worst))
        }
        open_still = [at for at in undecided if id(asked[at][1]) not in decided]
        alone = self._engine().score_alone([asked[at][0].prompt for at in open_still])
        scores = (one for some in alone if not isinstance(some, Flush) for one in some)
        settled = list(outcomes)
        for at, score in zip(open_still, scores, strict=True):
            settled[at] = score
        self._effort.rejudged += len(open_still)
        return settled

    def _is_undecided(self, outcome: Score | Failure) -> bool:
        """Tell whether a score is so near to the threshold that its batch may decide the label."""
        if isinstance(outcome, Failure) or outcome.exact:
            return False
        return abs(outcome.unsafe - self._settling.threshold) <= self._settling.distance

    def _is_decided(self, score: Score) -> bool:
        """Tell whether an item of this score is unsafe, whatever its other windows come to."""
        return score.unsafe > self._settling.threshold + self._settling.distance
