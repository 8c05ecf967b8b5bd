"""Text for a person: one aligned line a record."""

from __future__ import annotations

from seaguard_cli.errors import Failure
from seaguard_cli.records.cells import cut, width_of
from seaguard_cli.records.literal import literal
from seaguard_cli.records.record import Header, Outcome, Record
from seaguard_cli.verdict import Conversation, Item, Verdict

from .base import Look, Sink, Wording
from .deciding import decided_on

_COLOURS = {"unsafe": "\x1b[1;31m", "safe": "\x1b[32m", "error": "\x1b[33m"}
_PLAIN = "\x1b[0m"
_ARROW = " → "
_ARGUMENT = "TEXT"
_LEAST = 8
# Characters looked at for each cell there is: the rest of a text of megabytes is not shown anyway.
_LOOKED_AT = 64
_MARGIN = len("unsafe  0.000  ")


class Person:
    """Label, score with three decimals, and the text as far as the line goes.

    `with_source` puts FILE:LINE before the text.
    """

    holds = False

    def __init__(self, sink: Sink, wording: Wording, look: Look, with_source: bool) -> None:
        self._sink = sink
        self._wording = wording
        self._colour = look.colour
        self._with_source = with_source
        self._room = None if look.width is None else max(look.width - _MARGIN, _LEAST)

    def header(self, header: Header) -> None:
        """Do nothing: only what was judged is shown."""

    def write(self, record: Record, outcome: Outcome) -> None:
        """Write one line."""
        if isinstance(outcome, Failure):
            where = self._place(record) or f"line {record.line}"
            why = literal(f"{outcome.code}: {self._wording(outcome)}")
            line = f"{self._label('error')}  {where}: {why}"
        else:
            line = self._verdict(record, outcome)
        self._sink.write(line.rstrip(" ").encode("utf-8", "replace") + b"\n")
        self._sink.flush()

    def close(self) -> None:
        """Do nothing: every line stands alone."""

    def _verdict(self, record: Record, verdict: Verdict) -> str:
        score = "-    " if verdict.score is None else f"{verdict.score:.3f}"
        place = f"{self._place(record)}  ".lstrip(" ")
        room = None if self._room is None else max(self._room - width_of(place), _LEAST)
        shown = "" if record.item is None else self._decided_on(record.item, verdict, room)
        return f"{self._label(verdict.label)}  {score}  {place}{shown}"

    def _place(self, record: Record) -> str:
        if not self._with_source:
            return ""
        return f"{_ARGUMENT if record.source is None else literal(record.source)}:{record.line}"

    def _decided_on(self, judged: Item | Conversation, verdict: Verdict, room: int | None) -> str:
        note, item = decided_on(judged, verdict)
        if room is None:
            return literal(note) + self._shown(item, None)
        # Where there is room for one of them, the text says more.
        note = self._fit(note, room)
        if room - width_of(note) < _LEAST:
            note = ""
        return note + self._shown(item, room - width_of(note))

    def _label(self, label: str) -> str:
        padded = label.ljust(len("unsafe"))
        return f"{_COLOURS[label]}{padded}{_PLAIN}" if self._colour else padded

    def _shown(self, item: Item, room: int | None) -> str:
        if item.response is None:
            return self._fit(item.prompt, room)
        if room is None:
            return literal(item.prompt) + _ARROW + literal(item.response)
        # Half of the line each, and what one does not need is the other's.
        room -= len(_ARROW)
        response = self._fit(item.response, room)
        prompt = self._fit(item.prompt, max(room - width_of(response), room // 2))
        return prompt + _ARROW + self._fit(item.response, room - width_of(prompt))

    @staticmethod
    def _fit(text: str, room: int | None) -> str:
        if room is None:
            return literal(text)
        return cut(literal(text[: room * _LOOKED_AT]), room)
