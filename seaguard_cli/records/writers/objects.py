"""A judged record as one JSON object."""

from __future__ import annotations

from seaguard_cli.errors import Failure, FailureCode
from seaguard_cli.records.record import BLANKS, Kind, Outcome, Record
from seaguard_cli.records.splice import with_member, without

from .base import Wording
from .value import error_json, json_text, verdict_json


class Objects:
    """Gives each record with what came of it under `key`.

    A record that has the key already must arrive as a `key_exists` failure (`Selection.key` sees to
    it), unless `replace` takes the old one out.
    """

    def __init__(self, key: str, replace: bool, wording: Wording) -> None:
        self._key = key
        self._member = json_text(key) + b": "
        self._replace = replace
        self._wording = wording

    def bytes_of(self, record: Record, outcome: Outcome) -> bytes:
        """Give the object; an input object in its own bytes with the key spliced in."""
        if not isinstance(outcome, Failure):
            return self._with(record, self._member + verdict_json(outcome))
        message = self._wording(outcome)
        if record.kind is Kind.OTHER or outcome.code is FailureCode.KEY_EXISTS:
            value = error_json(outcome, record.line, message, record.raw)
            return b"{" + self._member + value + b"}"
        return self._with(record, self._member + error_json(outcome, record.line, message))

    def _with(self, record: Record, member: bytes) -> bytes:
        if record.kind is Kind.OBJECT:
            raw = without(record.raw, self._key) if self._replace else record.raw
            return with_member(raw, member)
        if record.kind is Kind.STRING:
            own = [("text", record.raw.strip(BLANKS))]
        else:
            own = [(name, json_text(text)) for name, text in texts_of(record)]
        members = [json_text(name) + b": " + text for name, text in own if name != self._key]
        return b"{" + b", ".join((*members, member)) + b"}"


def texts_of(record: Record) -> list[tuple[str, str]]:
    """Give the named texts of a row, of a text, or of a prompt with a response."""
    if record.cells is None:
        return [("text", record.raw.decode())]
    names = record.header.names if record.header else ("prompt", "response")
    return list(zip(names, record.cells, strict=False))
