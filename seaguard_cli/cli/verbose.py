"""`--verbose`: what the parts below log, told on standard error."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from seaguard_cli.cli.report import Report


@contextmanager
def told(report: Report) -> Iterator[None]:
    """Tell everything that seaguard's own modules log while the block runs."""
    logger = logging.getLogger("seaguard_cli")
    handler = _Teller(report)
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


class _Teller(logging.Handler):
    """Tells each line as a note."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        """Tell one line."""
        self._report.note(record.getMessage())
