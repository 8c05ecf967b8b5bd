"""`seaguard bench`: how fast a model is on this machine, and with which settings."""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Literal

from seaguard_cli.bench.bench import Bench, Result
from seaguard_cli.bench.kept import keep
from seaguard_cli.cli.bench_table import csv_of, json_of, markdown_of, show, winner_words
from seaguard_cli.cli.envelope import json_result
from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.interrupt import interruptible
from seaguard_cli.cli.progress import ProgressLine
from seaguard_cli.cli.report import Report
from seaguard_cli.cli.sink import Output
from seaguard_cli.engine import EngineOptions
from seaguard_cli.errors import StateFailed, UsageError
from seaguard_cli.exits import Exit
from seaguard_cli.weights.digest import digest_of

_BUSY = (
    "other programs keep this machine busy, so threads were not tried, and all speeds are those "
    "of a busy machine: run it again when nothing else does"
)

TableFormat = Literal["table", "json", "csv", "md"]


@dataclass(frozen=True, slots=True)
class BenchRequest:
    """What the person asked for."""

    model: str
    table_format: TableFormat | None
    budget: float
    save: bool
    family: str | None
    device: Literal["auto", "cpu", "gpu"]
    threads: int | None
    gpu_layers: int | None
    verbose: bool


def run_bench(request: BenchRequest, environment: Environment) -> Exit:
    """Measure one model. Raises SeaguardError, Interrupted and KeyboardInterrupt."""
    if not math.isfinite(request.budget):
        problem = f"a budget of {request.budget} seconds has no end"
        raise UsageError(problem=problem, remedy="give --budget a number of seconds")
    report = Report(environment)
    form = request.table_format or ("table" if environment.stdout_terminal else "json")
    with json_result("bench", environment, wanted=form == "json") as told, ExitStack() as stack:
        if request.verbose:
            from seaguard_cli.cli.verbose import told as telling

            stack.enter_context(telling(report))
        stack.callback(report.line, "", environment.width)
        result, kept, failed = _measured(request, environment, report, stack)
        told |= json_of(result, kept)
        report.line("", environment.width)
        _write(form, result, environment)
        report.note(winner_words(result))
        if failed:
            raise failed
        if kept:
            report.note(f"`check` takes these settings from now on: kept in {kept}")
    return Exit.OK


def _measured(
    request: BenchRequest, environment: Environment, report: Report, stack: ExitStack
) -> tuple[Result, str | None, StateFailed | None]:
    """Give what was measured, and the file that it is kept in or why it is in none."""
    bench = Bench(
        request.model,
        EngineOptions(request.device, request.threads, request.gpu_layers),
        family=request.family,
        seconds=request.budget,
        told=lambda what: report.line(f"bench: {what}", environment.width),
    )
    stack.enter_context(interruptible(bench))
    result = bench.settings()
    if result.busy:
        report.warn(_BUSY)
    # Kept before the rest: whoever has seen enough may leave.
    kept: str | None = None
    failed: StateFailed | None = None
    try:
        kept = _keep(bench, result, environment, report) if request.save else None
    except StateFailed as error:
        # Minutes of measuring are not lost for that: it is told at the end.
        failed = error
    bench.whole(result)
    report.line("", environment.width)
    return result, kept, failed


def _keep(bench: Bench, result: Result, environment: Environment, report: Report) -> str:
    """Keep what won. Raises StateFailed."""
    path = bench.weights.path
    try:
        digest = digest_of(path, ProgressLine(environment, report))
        return str(keep(digest.hashes, result.machine, result.found))
    except OSError as error:
        where = str(error.filename or path)
        raise StateFailed(path=where, reason=error.strerror or str(error)) from error


def _write(form: TableFormat, result: Result, environment: Environment) -> None:
    if form == "table":
        show(result, environment)
    elif form != "json":
        text = csv_of(result) if form == "csv" else markdown_of(result)
        Output(environment.stdout).write(text.encode("utf-8", "backslashreplace"))
