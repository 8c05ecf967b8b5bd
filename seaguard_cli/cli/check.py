"""`seaguard check`: from a request to an exit status."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from seaguard_cli.cli.check_notes import tell_doubts, tell_failures, tell_model, tell_summary
from seaguard_cli.cli.check_output import Target, form_of, open_target
from seaguard_cli.cli.check_progress import CheckProgress, input_size
from seaguard_cli.cli.check_request import CheckRequest, require_sense
from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.interrupt import Hold, interruptible
from seaguard_cli.cli.messages import sentence_of
from seaguard_cli.cli.prompts import show_prompts
from seaguard_cli.cli.report import Report
from seaguard_cli.cli.sink import Output
from seaguard_cli.cli.sources import Reading, Source, incoming, open_sources
from seaguard_cli.cli.summary import Summary
from seaguard_cli.errors import (
    InputFailed,
    NothingToRead,
    OutputFailed,
    SeaguardError,
    TextNamesFile,
    WeightsMissing,
)
from seaguard_cli.exits import Exit
from seaguard_cli.guard import Guard, Outcome
from seaguard_cli.pipeline import Incoming, Tally, judge
from seaguard_cli.records import Form, Header, Record, Selection, Writer

if TYPE_CHECKING:
    from seaguard_cli.resumable import ResumableOutput


def run_check(request: CheckRequest, environment: Environment) -> Exit:
    """Judge everything that was asked for. Raises SeaguardError and BrokenPipeError."""
    require_sense(request)
    report = Report(environment, quiet=request.quiet)
    form = form_of(request, environment)
    with ExitStack() as stack:
        if request.verbose:
            from seaguard_cli.cli.verbose import told

            stack.enter_context(told(report))
        sources = _sources(request, environment, stack)
        guard = stack.enter_context(_guard_or_fetch(request, environment))
        records = incoming(request.texts, request.response, sources, _reading(request, form))
        if request.show_prompt:
            return show_prompts(records, guard, form, Output(environment.stdout), report)
        hold = stack.enter_context(interruptible(guard))
        run = Run(guard, report, hold, _progress(request, environment, report))
        broken: SeaguardError | None = None
        try:
            with open_target(request, environment, guard, report) as target:
                run.judge(records, target)
        except (InputFailed, OutputFailed) as error:
            # The status of what was judged before may count for more.
            run.tally.broke_off, broken = True, error
        finally:
            run.tell_end(request)
        if broken:
            report.error(sentence_of(broken))
    return run.tally.status(unsafe_counts=request.exit_code or request.quiet)


class Run:
    """One run from its first record to its summary."""

    def __init__(
        self, guard: Guard, report: Report, hold: Hold, progress: CheckProgress | None
    ) -> None:
        self.tally = Tally()
        self._guard = guard
        self._report = report
        self._hold = hold
        self._progress = progress
        self._before = 0
        self._began = time.monotonic()

    def judge(self, records: Iterator[Incoming], target: Target) -> None:
        """Judge the records and write what came of each, after those of a run that is resumed."""
        if target.file:
            self._resume(records, target.file, target.writer)
        told = False
        for one in judge(records, self._guard):
            if isinstance(one, Header):
                with self._hold:
                    target.writer.header(one)
                    target.took(one, self.tally)
                continue
            if self._guard.loaded and not told:
                told = True
                tell_model(self._guard, self._report)
            record, outcome = one
            self._write(record, outcome, target)
            tell_doubts(self.tally, self._report)
            if self._progress:
                self._progress.passed(record)
                self._progress.tell(self.tally)

    def tell_end(self, request: CheckRequest) -> None:
        """Tell what could not be judged, and the summary if it is wanted."""
        if self._progress:
            self._progress.end()
        tell_failures(self.tally, self._report)
        if request.summary:
            summary = Summary(
                model=self._guard.model,
                threshold=request.threshold,
                tally=self.tally,
                before=self._before,
                rejudged=self._guard.rejudged,
                seconds=time.monotonic() - self._began,
            )
            tell_summary(summary, self._report, json=request.json)

    def _resume(self, records: Iterator[Incoming], file: ResumableOutput, writer: Writer) -> None:
        if file.before:
            self._report.note(f"{file.path} holds {file.before} records: going on after them")
        file.replay(records, writer)
        file.begin()
        self.tally = file.tally()
        self._before = file.before

    def _write(self, record: Record, outcome: Outcome, target: Target) -> None:
        if target.file is None:
            target.writer.write(record, outcome)
            self.tally.count(record, outcome)
            return
        # File, journal and counts are to agree, so Ctrl-C may not come between them.
        with self._hold:
            target.writer.write(record, outcome)
            self.tally.count(record, outcome)
            target.took(record, self.tally)


def _progress(
    request: CheckRequest, environment: Environment, report: Report
) -> CheckProgress | None:
    """Give the progress line, where the records themselves do not show how far the run is."""
    shown = environment.stdout_terminal and request.out is None and request.split is None
    if not report.has_line or request.texts or shown:
        return None
    return CheckProgress(report, environment.width, input_size(request.files))


def _sources(request: CheckRequest, environment: Environment, stack: ExitStack) -> list[Source]:
    """Open what is to be read. Raises NothingToRead, TextNamesFile and InputMissing."""
    if len(request.texts) == 1 and not request.files and request.response is None:
        text = request.texts[0]
        if "--" not in environment.arguments and os.path.isfile(text):
            raise TextNamesFile(path=text)
    files = request.files
    if not request.texts and not files:
        if environment.stdin_terminal:
            raise NothingToRead
        files = ("-",)
    return open_sources(files, environment, stack)


def _guard_or_fetch(request: CheckRequest, environment: Environment) -> Guard:
    """Give the guard; a model that is not here may be fetched first, if a person says so."""
    try:
        return _guard(request)
    except WeightsMissing as missing:
        from seaguard_cli.cli.first_use import fetch_now

        reads_input = "-" in request.files or not (request.texts or request.files)
        asks = not (reads_input or request.quiet)
        if not asks or not fetch_now(missing, environment, offline=request.offline):
            raise
    return _guard(request)


def _guard(request: CheckRequest) -> Guard:
    return Guard(
        request.model,
        task=request.task or "prompt",
        threshold=request.threshold,
        deterministic=request.deterministic,
        settle=request.settle,
        family=request.family,
        device=request.device,
        threads=request.threads,
        gpu_layers=request.gpu_layers,
        ctx=request.ctx,
        max_window=request.max_window,
        overlap=request.overlap,
        max_windows=request.max_windows,
    )


def _reading(request: CheckRequest, form: Form) -> Reading:
    adds_key = form in (Form.JSONL, Form.JSON) and not (request.only or request.quiet)
    selection = Selection(
        field=request.field,
        prompt_field=request.prompt_field,
        response_field=request.response_field,
        task=request.task,
        key=request.key if adds_key and not request.replace else None,
        each_turn=request.each_turn,
    )
    return Reading(request.input_format, request.whole, selection, request.max_record)
