"""JSON Lines and JSON: one object a record, one a line or in an array."""

from __future__ import annotations

from seaguard_cli.records.record import Header, Outcome, Record

from .base import Sink
from .objects import Objects

# Outside strings a line feed is only white space, and inside them JSON allows none.
_TO_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")


class JsonLines:
    """One object a line."""

    holds = False

    def __init__(self, sink: Sink, objects: Objects) -> None:
        self._sink = sink
        self._bytes_of = objects.bytes_of

    def header(self, header: Header) -> None:
        """Do nothing: every line names its own columns."""

    def write(self, record: Record, outcome: Outcome) -> None:
        """Write one line."""
        data = self._bytes_of(record, outcome)
        if b"\n" in data or b"\r" in data:
            data = data.translate(_TO_ONE_LINE)
        self._sink.write(data + b"\n")
        self._sink.flush()

    def close(self) -> None:
        """Do nothing: every line stands alone."""


class JsonArray:
    """An array of objects, ended by `close` whatever happened before."""

    holds = False

    def __init__(self, sink: Sink, objects: Objects) -> None:
        self._sink = sink
        self._bytes_of = objects.bytes_of
        self._before = b"[\n"

    def header(self, header: Header) -> None:
        """Do nothing: every object names its own columns."""

    def write(self, record: Record, outcome: Outcome) -> None:
        """Write one element, and what parts it from the one before."""
        self._sink.write(self._before + self._bytes_of(record, outcome))
        self._sink.flush()
        self._before = b",\n"

    def close(self) -> None:
        """End the array."""
        self._sink.write(b"[]\n" if self._before == b"[\n" else b"\n]\n")
        self._sink.flush()
