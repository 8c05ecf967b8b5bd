"""Records in, records with their outcomes out, in the same order: what `check` runs on."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from seaguard_cli import sound
from seaguard_cli.engine import Flush
from seaguard_cli.errors import Failure, FailureCode, SeaguardError
from seaguard_cli.exits import Exit, worst
from seaguard_cli.guard import Guard, Outcome
from seaguard_cli.records import Header, Record
from seaguard_cli.turns import items_of, outcome_of
from seaguard_cli.verdict import Item

Incoming = Record | Header | Flush
Judged = tuple[Record, Outcome]


def judge(incoming: Iterable[Incoming], guard: Guard) -> Iterator[Judged | Header]:
    """Give every record with what came of it; a table's header comes before its first row.

    Where `incoming` raises, what came before it is judged first.
    """
    waiting: deque[Record | Header] = deque()
    broken: list[SeaguardError] = []

    def items() -> Iterator[Item | Failure | Flush]:
        for one in _until_broken(incoming, broken):
            if isinstance(one, Flush):
                yield one
                continue
            waiting.append(one)
            if isinstance(one, Record):
                yield from items_of(one)

    outcomes = guard.stream(items(), errors="yield")
    for first in outcomes:
        while isinstance(one := waiting.popleft(), Header):
            yield one
        yield one, outcome_of(one, first, outcomes)
    yield from (one for one in waiting if isinstance(one, Header))
    if broken:
        raise broken[0]


def _until_broken(incoming: Iterable[Incoming], broken: list[SeaguardError]) -> Iterator[Incoming]:
    """Give what comes in; where reading breaks off it ends, and `broken` gets the reason.

    What was read before that is still judged.
    """
    try:
        yield from incoming
    except SeaguardError as error:
        broken.append(error)


@dataclass(slots=True)
class Tally:
    """What a run came to, counted as it goes."""

    judged: int = 0
    unsafe: int = 0
    low_mass: int = 0
    truncated: int = 0
    kept: int = 0
    failures: Counter[FailureCode] = field(default_factory=Counter)
    first_failure: int | None = None
    first_file: str | None = None
    broke_off: bool = False

    def count(self, record: Record, outcome: Outcome) -> None:
        """Count one record."""
        if isinstance(outcome, Failure):
            self.failures[outcome.code] += 1
            if self.first_failure is None:
                self.first_failure, self.first_file = record.line, record.source
            return
        self.judged += 1
        self.unsafe += outcome.label == "unsafe"
        self.low_mass += outcome.low_mass
        self.truncated += outcome.truncated
        kept = outcome.kept or any(one.verdict.kept for one in outcome.turns)
        self.kept += bool(kept)

    @property
    def records(self) -> int:
        """Give how many records there were."""
        return self.judged + self.failures.total()

    def counts(self) -> dict[str, Any]:
        """Give the counts as JSON holds them."""
        return {
            "judged": self.judged,
            "unsafe": self.unsafe,
            "low_mass": self.low_mass,
            "truncated": self.truncated,
            "kept": self.kept,
            "failures": {code.value: count for code, count in self.failures.items()},
            "first_failure": self.first_failure,
            "first_file": self.first_file,
        }

    @classmethod
    def from_counts(cls, counts: Mapping[str, Any]) -> Self:
        """Give a tally that goes on from these counts. Raises KeyError and ValueError."""
        failures = sound.members(counts["failures"])
        line, file = counts["first_failure"], counts["first_file"]
        return cls(
            judged=sound.count(counts["judged"]),
            unsafe=sound.count(counts["unsafe"]),
            low_mass=sound.count(counts["low_mass"]),
            truncated=sound.count(counts["truncated"]),
            kept=sound.count(counts["kept"]),
            failures=Counter({FailureCode(code): sound.count(n) for code, n in failures.items()}),
            first_failure=None if line is None else sound.count(line),
            first_file=None if file is None else sound.text(file),
        )

    def status(self, *, unsafe_counts: bool) -> Exit:
        """Give the exit status; unsafe verdicts matter to it only if `unsafe_counts`."""
        statuses = []
        if self.failures[FailureCode.ENGINE]:
            statuses.append(Exit.ENGINE)
        if self.broke_off:
            statuses.append(Exit.IO)
        if self.failures:
            statuses.append(Exit.UNJUDGED)
        if self.unsafe and unsafe_counts:
            statuses.append(Exit.UNSAFE)
        return worst(statuses)
