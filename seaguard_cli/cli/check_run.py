"""One run of `check`: what is judged is written, counted and told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from seaguard_cli.cli.check_notes import ModelTeller, tell_doubts, tell_failures, tell_summary
from seaguard_cli.cli.check_output import Target
from seaguard_cli.cli.check_progress import CheckProgress
from seaguard_cli.cli.check_request import CheckRequest
from seaguard_cli.cli.report import Report
from seaguard_cli.cli.summary import Summary
from seaguard_cli.guard import Guard, Outcome
from seaguard_cli.pipeline import Incoming, Tally, judge
from seaguard_cli.records import Header, Record, Writer
from seaguard_cli.verdict import Verdict

if TYPE_CHECKING:
    from seaguard_cli.resumable import ResumableOutput


class CheckRun:
    """One run from its first record to its summary."""

    def __init__(self, guard: Guard, report: Report, progress: CheckProgress | None) -> None:
        self.tally = Tally()
        self._guard = guard
        self._report = report
        self._progress = progress
        self._before = 0
        self._began = time.monotonic()

    def judge(self, records: Iterator[Incoming], target: Target) -> None:
        """Judge the records and write what came of each, after those of a run that is resumed."""
        if target.file:
            self._resume(records, target.file, target.writer)
        teller = ModelTeller(self._guard, self._report)
        for one in judge(records, self._guard):
            if isinstance(one, Header):
                with target.hold:
                    target.writer.header(one)
                    target.took(one, self.tally)
                continue
            record, outcome = one
            if not teller.done and (self._guard.loaded or isinstance(outcome, Verdict)):
                teller.tell()
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
        # File, journal and counts are to agree, so Ctrl-C may not come between them.
        with target.hold:
            target.writer.write(record, outcome)
            self.tally.count(record, outcome)
            target.took(record, self.tally)
