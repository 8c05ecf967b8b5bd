"""What `check` tells on standard error beside its records."""

from __future__ import annotations

from collections.abc import Callable

from seaguard_cli.cli.messages import wording
from seaguard_cli.cli.report import Report
from seaguard_cli.cli.summary import Summary
from seaguard_cli.errors import Failure
from seaguard_cli.guard import Guard
from seaguard_cli.pipeline import Tally
from seaguard_cli.records import Record, literal

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
            report.note(f"line {record.line}: {failure.code}: {literal(wording(failure))}")

    return tell


def tell_model(guard: Guard, report: Report) -> None:
    """Tell which model judges, where, and what to think of it."""
    report.note(f"{guard.model} on the {guard.device}")
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
    for count, sentence in (
        (tally.low_mass, _LOW_MASS),
        (tally.truncated, _TRUNCATED),
        (tally.kept, _KEPT),
    ):
        if count:
            report.warn(sentence)


def tell_failures(tally: Tally, report: Report) -> None:
    """Tell how many records could not be judged, and why."""
    if not tally.failures:
        return
    count = tally.failures.total()
    codes = ", ".join(f"{number} {code}" for code, number in tally.failures.most_common())
    records = "record" if count + tally.judged == 1 else "records"
    report.warn(
        f"{count} of {count + tally.judged} {records} could not be judged: {codes}; "
        f"the first at line {tally.first_failure}"
    )


def tell_summary(summary: Summary, report: Report, *, json: bool) -> None:
    """Tell what a run came to, in sentences or as one line of JSON."""
    if json:
        import orjson

        report.page(orjson.dumps(summary.json(), option=orjson.OPT_APPEND_NEWLINE).decode())
        return
    for sentence in summary.sentences():
        report.note(sentence)
