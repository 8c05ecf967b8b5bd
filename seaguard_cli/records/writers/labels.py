"""Labels alone: one word a line."""

from __future__ import annotations

from seaguard_cli.errors import Failure
from seaguard_cli.records.record import Header, Outcome, Record

from .base import Sink


class Labels:
    """`safe`, `unsafe` or `error`."""

    holds = False

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def header(self, header: Header) -> None:
        """Do nothing: a label has no columns."""

    def write(self, record: Record, outcome: Outcome) -> None:
        """Write one word."""
        word = "error" if isinstance(outcome, Failure) else outcome.label
        self._sink.write(word.encode() + b"\n")
        self._sink.flush()

    def close(self) -> None:
        """Do nothing: every line stands alone."""
