"""An engine that asks another only for scores that are not known yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from seaguard_cli.cache.kept import KeptScores
from seaguard_cli.cache.keys import Places
from seaguard_cli.engine import FLUSH, Engine, Flush, Outcomes
from seaguard_cli.errors import Failure
from seaguard_cli.prompt import Family, Prompt, VerdictWords
from seaguard_cli.verdict import Score

if TYPE_CHECKING:
    from seaguard_cli.engine.protocol import Front

_Waiting = deque[Score | Places | Flush]
# How a score is found among those that are kept, and how others are measured.
_Find = Callable[[Places], Score | None]
_Measure = Callable[[Iterable[Prompt | Flush]], Iterator[Outcomes | Flush]]


class CachingEngine:
    """Scores as the engine that `load` opens, which it does at the first unknown prompt.

    `front` stands in for it until then. A Failure is never kept: what failed is tried again.
    """

    def __init__(self, front: Front, load: Callable[[], Engine], kept: KeptScores) -> None:
        self._front = front
        self._load = load
        self._kept = kept
        self._engine: Engine | None = None

    @property
    def device(self) -> str:
        """Give where it runs; opens the engine."""
        return self._opened().device

    @property
    def family(self) -> Family:
        """Give how its model wraps a turn."""
        return self._front.family

    @property
    def words(self) -> VerdictWords:
        """Give the two words that its model answers with."""
        return self._front.words

    @property
    def window(self) -> int:
        """Give the tokens of the longest prompt that it takes."""
        return self._front.window

    def count(self, prompt: Prompt) -> int:
        """Give a prompt's tokens. Raises ItemFailed for a lone surrogate."""
        return (self._engine or self._front).count(prompt)

    def score(self, prompts: Iterable[Prompt | Flush]) -> Iterator[Outcomes | Flush]:
        """Give one outcome a prompt, in order; see `Engine.score`.

        Unknown prompts share batches as if the known ones between them were not there.
        """
        return self._scores(prompts, self._kept.packed, lambda: self._opened().score)

    def score_alone(self, prompts: Iterable[Prompt | Flush]) -> Iterator[Outcomes | Flush]:
        """Do as `score`, each prompt as if alone in its batch; see `Engine.score_alone`."""
        return self._scores(prompts, self._kept.alone, lambda: self._opened().score_alone)

    def close(self) -> None:
        """Write what is new and free everything; may be called again."""
        if self._engine:
            self._engine.close()
        self._front.close()
        self._kept.close()

    def _scores(
        self, prompts: Iterable[Prompt | Flush], find: _Find, measure: Callable[[], _Measure]
    ) -> Iterator[Outcomes | Flush]:
        coming = iter(prompts)
        for prompt in coming:
            known = self._known(prompt, find)
            if isinstance(known, Places):
                assert isinstance(prompt, Prompt)
                waiting: _Waiting = deque([known])
                unknown = self._unknown(prompt, coming, waiting, find)
                yield from self._measured(measure()(unknown), waiting)
            else:
                yield known if isinstance(known, Flush) else [known]

    def _known(self, prompt: Prompt | Flush, find: _Find) -> Score | Places | Flush:
        """Give the score of a known prompt, or where that of another will be kept."""
        if isinstance(prompt, Flush):
            # Nothing else is ready now, so there is time; and the next may be long in coming.
            self._kept.write()
            return FLUSH
        places = self._kept.places(prompt)
        return find(places) or places

    def _measured(
        self, outcomes: Iterator[Outcomes | Flush], waiting: _Waiting
    ) -> Iterator[Outcomes | Flush]:
        """Give what was measured, each with the known scores that have waited for it."""
        for measured in outcomes:
            told: list[Score | Failure] = []
            if isinstance(measured, Flush):
                waiting.popleft()
                self._kept.write()
                yield measured
                told += _known_next(waiting)
            else:
                for outcome in measured:
                    place = waiting.popleft()
                    assert isinstance(place, Places)
                    told += [self._keep(place, outcome), *_known_next(waiting)]
            if told:
                yield told
        for one in waiting:
            assert not isinstance(one, Places)
            yield one if isinstance(one, Flush) else [one]

    def _unknown(
        self, first: Prompt, coming: Iterator[Prompt | Flush], waiting: _Waiting, find: _Find
    ) -> Iterator[Prompt | Flush]:
        """Give what has to be measured, and note in `waiting` what its outcomes stand between.

        Ends at something known that waits for nothing, so that it is not held back.
        """
        yield first
        for prompt in coming:
            known = self._known(prompt, find)
            idle = not waiting
            waiting.append(known)
            if isinstance(known, Places) or (isinstance(known, Flush) and not idle):
                yield prompt
            elif idle:
                return

    def _keep(self, places: Places, outcome: Score | Failure) -> Score | Failure:
        if isinstance(outcome, Score):
            self._kept.keep(places, outcome)
        return outcome

    def _opened(self) -> Engine:
        if self._engine is None:
            self._engine = self._load()
            # What is asked of it stays; what it holds the engine has, too.
            self._front.close()
        return self._engine


def _known_next(waiting: _Waiting) -> Iterator[Score]:
    """Take the known scores that wait for nothing more."""
    while waiting and isinstance(score := waiting[0], Score):
        waiting.popleft()
        yield score
