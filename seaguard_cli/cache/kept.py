"""The scores that are kept: found, written in batches, and given up on rather than failed over."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from seaguard_cli.cache.database import Database
from seaguard_cli.cache.keys import Keys, Places
from seaguard_cli.errors import CacheDamaged, CacheFailed
from seaguard_cli.prompt import Prompt
from seaguard_cli.verdict import Score

# What a kill may lose: so many scores, or those of so many seconds of work.
_MOST_WAITING = 512
_LONGEST_WAITING = 0.25
_SECONDS_A_DAY = 86_400
# A score's last use is noted to within these days: a run over known texts writes next to nothing.
_NOTED_EVERY = 7
_MOST_NOTES = 4096


@dataclass(slots=True)
class Answers:
    """How many scores were asked for, and how many of them were known."""

    asked: int = 0
    known: int = 0


class KeptScores:
    """What is known of one model. Where the database fails it ends being used, and `failed` knows.

    From then on nothing is found and nothing kept: a run never fails for its cache.
    """

    def __init__(
        self,
        database: Database,
        keys: Keys,
        *,
        limit: int,
        answers: Answers,
        failed: Callable[[CacheFailed], None],
    ) -> None:
        self._database: Database | None = database
        self._keys = keys
        self._limit = limit
        self._answers = answers
        self._failed = failed
        self._new: dict[bytes, bytes] = {}
        self._used_again: dict[bytes, int] = {}
        self._hits = 0
        self._written = -math.inf

    def places(self, prompt: Prompt) -> Places:
        """Give where a prompt's scores are kept."""
        return self._keys.places(prompt)

    def packed(self, places: Places) -> Score | None:
        """Give the score of a prompt that may be packed, if it is known.

        One that was measured alone is taken first: it is what a packed score near the threshold
        would be settled by, so the label is the same, or nearer to the truth.
        """
        return self._counted(
            self._found(places.exact, exact=True) or self._found(places.packed, exact=False)
        )

    def alone(self, places: Places) -> Score | None:
        """Give the score of a prompt that was measured alone, if it is known; never another."""
        return self._counted(self._found(places.exact, exact=True))

    def keep(self, places: Places, score: Score) -> None:
        """Keep a score; it is written with the next batch."""
        if self._database is None:
            return
        key = places.exact if score.exact else places.packed
        self._new[key] = self._keys.seal(key, score)
        waited = time.monotonic() - self._written
        if len(self._new) >= _MOST_WAITING or waited >= _LONGEST_WAITING:
            self.write()

    def write(self) -> None:
        """Write what is new, so that a kill does not lose it."""
        if self._new:
            self._write_all()

    def give_up(self, why: CacheFailed) -> None:
        """Use the database no more, and tell."""
        if self._database is not None:
            self._database.close()
            self._database = None
            self._failed(why)

    def close(self) -> None:
        """Write everything and close; may be called again."""
        if self._new or self._used_again or self._hits:
            self._write_all()
        if self._database is not None:
            self._database.close()
            self._database = None

    def _found(self, key: bytes, *, exact: bool) -> Score | None:
        if self._database is None:
            return None
        try:
            if (kept := self._new.get(key)) is None:
                row = self._database.find(key)
                if row is None:
                    return None
                kept = self._used(key, *row)
            score = self._keys.unseal(key, kept, exact=exact)
            if score is None:
                raise CacheDamaged(
                    path=str(self._database.path), reason="a score is not as written"
                )
        except CacheFailed as error:
            self.give_up(error)
            return None
        return score

    def _used(self, key: bytes, kept: bytes, day: int) -> bytes:
        """Give what was kept, and note its use if that was long ago."""
        today = _today()
        if today - day >= _NOTED_EVERY:
            self._used_again[key] = today
            if len(self._used_again) >= _MOST_NOTES:
                self._write_all()
        return kept

    def _counted(self, found: Score | None) -> Score | None:
        self._answers.asked += 1
        self._answers.known += found is not None
        self._hits += found is not None
        return found

    def _write_all(self) -> None:
        if self._database is None:
            return
        try:
            entries = self._database.keep(
                self._new, self._used_again, today=_today(), hits=self._hits
            )
            self._new, self._used_again, self._hits = {}, {}, 0
            if entries > self._limit:
                self._database.evict(self._limit)
        except CacheFailed as error:
            self.give_up(error)
        self._written = time.monotonic()


def _today() -> int:
    return int(time.time() // _SECONDS_A_DAY)
