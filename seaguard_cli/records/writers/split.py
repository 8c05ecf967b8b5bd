"""Records by what came of them: one output for each label, and one for errors."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from seaguard_cli.errors import Failure
from seaguard_cli.records.record import Header, Outcome, Record

from .base import Writer

PARTS = ("safe", "unsafe", "error")
"""What the parts are called."""


class Split:
    """Passes each record to the writer of its part."""

    def __init__(self, parts: Mapping[str, Writer]) -> None:
        self._parts = parts

    @property
    def holds(self) -> bool:
        """Tell whether one of the parts holds something back."""
        return any(writer.holds for writer in self._parts.values())

    def header(self, header: Header) -> None:
        """Let every part know a table's columns, the others too where one refuses them."""
        with ExitStack() as stack:
            for writer in self._parts.values():
                stack.callback(writer.header, header)

    def write(self, record: Record, outcome: Outcome) -> None:
        """Write one record to its part."""
        part = "error" if isinstance(outcome, Failure) else outcome.label
        self._parts[part].write(record, outcome)

    def close(self) -> None:
        """End every part, the others too where one cannot be ended."""
        with ExitStack() as stack:
            for writer in self._parts.values():
                stack.callback(writer.close)
