"""How far a long work is, on standard error: one line rewritten on a terminal, else a line now and
then.
"""

from __future__ import annotations

import time
from collections import deque

from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.report import Report
from seaguard_cli.cli.sizes import size_words, time_words

_REWRITE_EVERY, _LINE_EVERY = 0.2, 15.0
# The rate is that of so many seconds, not of the whole: a resumed part is read much faster.
_WINDOW = 10.0


class ProgressLine:
    """Tells how far one piece of work after another is."""

    def __init__(self, environment: Environment, report: Report) -> None:
        self._report = report
        self._rewrites = environment.stderr_terminal
        self._width = environment.width
        self._seen: deque[tuple[float, int]] = deque()
        self._what, self._total, self._told = "", 0, 0.0
        self._unit: str | None = None

    def begin(self, what: str, total: int, *, unit: str | None = None) -> None:
        """Begin one piece of work of `total` bytes, or of what `unit` names."""
        self._what, self._total, self._unit = what, total, unit
        self._seen.clear()
        self._told = time.monotonic()

    def at(self, done: int) -> None:
        """Tell how much of it is done."""
        now = time.monotonic()
        if self._seen and done < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((now, done))
        while now - self._seen[0][0] > _WINDOW:
            self._seen.popleft()
        if now - self._told < (_REWRITE_EVERY if self._rewrites else _LINE_EVERY):
            return
        self._told = now
        if self._rewrites:
            self._report.line(self._line(done), self._width)
        else:
            self._report.note(self._line(done))

    def end(self) -> None:
        """End it, and take the line back."""
        self._report.line("", self._width)

    def _line(self, done: int) -> str:
        (began, first), (ended, last) = self._seen[0], self._seen[-1]
        counted = [str(one) if self._unit else size_words(one) for one in (done, self._total)]
        parts = [" of ".join(counted) + (f" {self._unit}" if self._unit else "")]
        if ended > began and last > first and not self._unit:
            rate = (last - first) / (ended - began)
            parts += [
                f"{size_words(int(rate))}/s",
                f"{time_words((self._total - done) / rate)} left",
            ]
        return f"{self._what}: {', '.join(parts)}"
