"""The filter: records of one label, byte for byte."""

from __future__ import annotations

from collections.abc import Callable

from seaguard_cli.errors import Failure
from seaguard_cli.records.record import Header, Outcome, Record
from seaguard_cli.verdict import Label

from .base import Sink

OnFailure = Callable[[Record, Failure], None]


class Only:
    """Passes on the records with this label as they came; failures go to `note` instead.

    Elements of JSON arrays come out as one array, and rows below their table's header. Rows of
    Parquet, which have no bytes of their own, come out as JSON Lines.
    """

    holds = False

    def __init__(self, sink: Sink, label: Label, note: OnFailure) -> None:
        self._sink = sink
        self._label = label
        self._note = note
        self._columns: tuple[str, ...] | None = None
        self._before_element = b""
        self._line_is_open = False

    def header(self, header: Header) -> None:
        """Write a table's header, unless it is the one that already stands above."""
        if header.raw and header.names != self._columns:
            self._columns = header.names
            self._send_lines(self._end_array() + header.raw)

    def write(self, record: Record, outcome: Outcome) -> None:
        """Pass the record on, or not."""
        if record.element and not self._before_element:
            self._before_element = b"[\n"
        if isinstance(outcome, Failure):
            self._note(record, outcome)
        elif outcome.label == self._label and record.element:
            self._send_element(record.raw)
        elif outcome.label == self._label:
            self._send_lines(self._end_array() + record.raw + record.end)

    def close(self) -> None:
        """End the array, if one is open."""
        if ending := self._end_array():
            self._send_lines(ending)

    def _end_array(self) -> bytes:
        """Give what ends the array: nothing if there is none, all of it if nothing passed."""
        endings = {b"": b"", b"[\n": b"[]\n", b",\n": b"\n]\n"}
        ending = endings[self._before_element]
        self._before_element = b""
        return ending

    def _send_element(self, raw: bytes) -> None:
        opening = b"\n" if self._line_is_open else b""
        self._send(opening + self._before_element + raw)
        self._before_element = b",\n"
        self._line_is_open = False

    def _send_lines(self, data: bytes) -> None:
        """Send whole lines; the last one of a file may lack its end, and then gets it here."""
        self._send(b"\n" + data if self._line_is_open else data)
        self._line_is_open = not data.endswith(b"\n")

    def _send(self, data: bytes) -> None:
        self._sink.write(data)
        self._sink.flush()
