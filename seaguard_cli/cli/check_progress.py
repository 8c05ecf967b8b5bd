"""How far a check is: one line on a terminal, rewritten as records come back."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from seaguard_cli.cli.report import Report
from seaguard_cli.cli.sizes import time_words
from seaguard_cli.pipeline import Tally
from seaguard_cli.records import Record, is_packed

_REWRITE_EVERY = 0.2
# The rate is that of the last seconds: texts differ in length, and a resumed part costs nothing.
_WINDOW = 20.0
# So many bytes tell what a file is packed with.
_HEAD = 16


class CheckProgress:
    """Tells how many records are done, how fast, the share of unsafe ones, and what is left.

    `total` is the size of the input in bytes, if it is known.
    """

    def __init__(self, report: Report, width: int, total: int | None) -> None:
        self._report = report
        self._width = width
        self._total = total
        self._bytes = 0
        # A run that is over at once needs no line.
        self._told = time.monotonic()
        # When, how many records were done then, and how many bytes.
        self._seen: deque[tuple[float, int, int]] = deque()

    def passed(self, record: Record) -> None:
        """Count the bytes of a record of the input."""
        self._bytes += len(record.raw) + len(record.end)

    def tell(self, tally: Tally) -> None:
        """Tell what the run has come to, if it is time to."""
        now = time.monotonic()
        if now - self._told < _REWRITE_EVERY:
            return
        self._told = now
        self._seen.append((now, tally.records, self._bytes))
        while now - self._seen[0][0] > _WINDOW and len(self._seen) > 2:
            self._seen.popleft()
        self._report.line(", ".join(self._parts(tally)), self._width)

    def end(self) -> None:
        """Take the line back."""
        self._report.line("", self._width)

    def _parts(self, tally: Tally) -> list[str]:
        parts = [f"{tally.records:,} records"]
        (began, first, before), (now, last, done) = self._seen[0], self._seen[-1]
        if now > began and last > first:
            parts.append(f"{rate_words((last - first) / (now - began))}")
        if tally.judged:
            parts.append(f"{tally.unsafe / tally.judged:.1%} unsafe")
        if tally.failures:
            parts.append(f"{tally.failures.total():,} not judged")
        if self._total and done > before:
            left = max(0, self._total - done) * (now - began) / (done - before)
            parts.append(f"{min(1.0, done / self._total):.0%} done, {time_words(left)} left")
        return parts


def input_size(files: Sequence[str]) -> int | None:
    """Give the bytes of the records of these files, or None if only reading them tells."""
    total = 0
    for name in files:
        path = Path(name)
        try:
            if not path.is_file() or is_packed(name, _head(path)):
                return None
            total += path.stat().st_size
        except OSError:
            return None
    return total or None


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def rate_words(rate: float) -> str:
    """Give records a second in words."""
    return f"{rate:,.0f} a second" if rate >= 10 else f"{rate:.1f} a second"
