"""Equal items are judged once: what was measured for the last items of a run."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b

from seaguard_cli.errors import Failure
from seaguard_cli.measurement import Finding, Measurement
from seaguard_cli.score_table import ScoreTable
from seaguard_cli.verdict import Item, Score

REMEMBERED = 100_000
# A table that never grows is worth its memory from so many items on.
_FEW = 1000


class Memory:
    """What was measured for the last `size` different items, the least lately used given up first.

    Of an item of one prompt only the score is kept, and that in a fixed amount of memory. Those of
    several windows, and those that failed, are kept whole, as few are.
    """

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._asked: dict[bytes, Measurement] = {}
        self._found: OrderedDict[bytes, Finding | Failure] = OrderedDict()
        self._scores: ScoreTable | None = None

    def of(self, item: Item, run: object) -> tuple[Measurement, bool]:
        """Give what is known of an equal item, or asked in this `run`, or else a new measurement.

        Tells, too, whether it is new.
        """
        key = _digest(item)
        asked = self._asked.get(key)
        if asked is not None and asked.run is run:
            return asked, False
        found = self._known(key)
        if found is not None:
            return Measurement(found), False
        measurement = self._asked[key] = Measurement(run=run, key=key)
        return measurement, True

    def learn(self, measurement: Measurement) -> None:
        """Take what a measurement that was new has come to; nothing, as long as that is open."""
        outcome = measurement.outcome
        if outcome is None or self._asked.pop(measurement.key, None) is None:
            return
        if self._scores is not None and isinstance(outcome, Finding) and _is_plain(outcome):
            self._scores.put(measurement.key, outcome.score)
            return
        self._found[measurement.key] = outcome
        if self._scores is None and _FEW < len(self._found) < self._size:
            self._use_table()
        while len(self._found) > self._size:
            self._found.popitem(last=False)

    def give_up(self, run: object) -> None:
        """Drop what `run` has asked and not waited for."""
        for key in [key for key, asked in self._asked.items() if asked.run is run]:
            del self._asked[key]

    def forget(self) -> None:
        """Drop everything: what is asked again is measured again."""
        self._asked.clear()
        self._found.clear()
        self._scores = None

    def _known(self, key: bytes) -> Finding | Failure | None:
        score: Score | None = self._scores.get(key) if self._scores is not None else None
        if score is not None:
            return Finding(score)
        found = self._found.get(key)
        if found is not None:
            self._found.move_to_end(key)
        return found

    def _use_table(self) -> None:
        self._scores = ScoreTable(self._size)
        for key, found in list(self._found.items()):
            if isinstance(found, Finding) and _is_plain(found):
                self._scores.put(key, found.score)
                del self._found[key]


def _is_plain(found: Finding) -> bool:
    """Tell whether a finding is its score and nothing else."""
    return found.windows == 1 and not (found.window or found.kept or found.truncated)


def _digest(item: Item) -> bytes:
    """Give 16 bytes for an item, so that a million long texts cost no more than short ones."""
    prompt = item.prompt.encode("utf-8", "surrogatepass")
    if item.response is None:
        return blake2b(prompt, digest_size=16, person=b"prompt").digest()
    # How long the prompt is tells where the response begins.
    state = blake2b(b"%d " % len(prompt), digest_size=16, person=b"response")
    state.update(prompt)
    state.update(item.response.encode("utf-8", "surrogatepass"))
    return state.digest()
