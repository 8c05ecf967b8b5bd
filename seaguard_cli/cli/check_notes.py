"""What `check` tells on standard error beside its records."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from seaguard_cli.cli.messages import idle_gpu, sentence_of, wording
from seaguard_cli.cli.report import Report
from seaguard_cli.cli.summary import Summary
from seaguard_cli.errors import CacheFailed, Failure
from seaguard_cli.guard import Guard
from seaguard_cli.pipeline import Tally
from seaguard_cli.records import Record, literal

if TYPE_CHECKING:
    from seaguard_cli.cache import Cache

_TOLD_FAILURES = 20
_LOW_MASS = (
    "the model gave the two verdicts less than half of the probability: "
    "model or prompt is not what it should be (see low_mass in the records)"
)
_TRUNCATED = (
    "a text has more windows than --max-windows, and the rest of it was not judged "
    "(see truncated in the records)"
)
_KEPT = (
    "both texts of a pair are long, and the shorter was cut to half a window: judge it for itself, "
    "or raise --max-window (see kept in the records)"
)


def failure_teller(report: Report) -> Callable[[Record, Failure], None]:
    """Give what tells a filter's failures, the first of them one by one."""
    told = 0

    def tell(record: Record, failure: Failure) -> None:
        nonlocal told
        told += 1
        if told <= _TOLD_FAILURES:
            place = _place(record.source, record.line)
            report.note(f"{place}: {failure.code}: {literal(wording(failure))}")

    return tell


class ModelTeller:
    """Tells, once, which model judges, where, and what to think of it."""

    def __init__(self, guard: Guard, report: Report) -> None:
        self._guard = guard
        self._report = report
        self._named = self._doubted = False

    @property
    def done(self) -> bool:
        """Tell whether all has been told."""
        return self._named and self._doubted

    def tell(self) -> None:
        """Tell what is known by now. Where all scores are known beforehand no model is loaded."""
        guard = self._guard
        if guard.loaded and not self._named:
            self._named = True
            self._report.note(f"{guard.model} on the {guard.device}")
            if gpu := guard.idle_gpu:
                self._report.note(idle_gpu(gpu.maker, gpu.install))
        if not self._doubted:
            self._doubted = True
            _tell_doubts(guard, self._report)


def _tell_doubts(guard: Guard, report: Report) -> None:
    if guard.demonstration:
        report.warn(
            f"{guard.model} is a demonstration and no moderator: trust none of its verdicts"
        )
    if words := guard.unusual_verdicts:
        report.warn(
            f"{guard.model} is no SEA-Guard: it is scored on {words[0]!r} and {words[1]!r}, "
            "the verdicts that are one token of its vocabulary"
        )


def tell_doubts(tally: Tally, report: Report) -> None:
    """Warn of what makes a verdict say less than it seems to."""
    if not (tally.low_mass or tally.truncated or tally.kept):
        return
    for count, sentence in (
        (tally.low_mass, _LOW_MASS),
        (tally.truncated, _TRUNCATED),
        (tally.kept, _KEPT),
    ):
        if count:
            report.warn(sentence)


def cache_teller(report: Report) -> Callable[[CacheFailed], None]:
    """Give what tells why a run goes on without the cache."""
    return lambda error: report.warn(f"going on without the cache: {sentence_of(error)}")


def tell_cache(cache: Cache, report: Report) -> None:
    """Tell how much of the work the cache has spared."""
    answers = cache.answers
    if answers.asked:
        report.note(f"{answers.known:,} of {answers.asked:,} scores came from the cache")


def tell_failures(tally: Tally, report: Report) -> None:
    """Tell how many records could not be judged, and why."""
    if not tally.failures:
        return
    count = tally.failures.total()
    codes = ", ".join(f"{number} {code}" for code, number in tally.failures.most_common())
    records = "record" if count + tally.judged == 1 else "records"
    report.warn(
        f"{count} of {count + tally.judged} {records} could not be judged: {codes}; "
        f"the first at {_place(tally.first_file, tally.first_failure or 1)}"
    )


def tell_summary(summary: Summary, report: Report, *, json: bool) -> None:
    """Tell what a run came to, in sentences or as one line of JSON."""
    if json:
        import orjson

        report.page(orjson.dumps(summary.json(), option=orjson.OPT_APPEND_NEWLINE).decode())
        return
    for sentence in summary.sentences():
        report.note(sentence)


def _place(file: str | None, line: int) -> str:
    """Give where a record stands: in standard input, or in one file of perhaps many."""
    return f"line {line}" if file in (None, "-") else f"{literal(str(file))}, line {line}"
