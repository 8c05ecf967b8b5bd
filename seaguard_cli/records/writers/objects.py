"""A judged record as one JSON object."""

from __future__ import annotations

from functools import lru_cache

from seaguard_cli.errors import Failure, FailureCode
from seaguard_cli.records.record import BLANKS, Kind, Outcome, Record
from seaguard_cli.records.splice import with_member, without

from .base import Wording
from .value import error_json, json_text, verdict_json


class Objects:
    """Gives each record with what came of it under `key`.

    A record that has the key already must arrive as a `key_exists` failure (`Selection.key` sees to
    it), unless `replace` takes the old one out. `with_source` adds the file and line it came from.
    """

    def __init__(self, key: str, replace: bool, wording: Wording, with_source: bool) -> None:
        self._key = key
        self._member = json_text(key) + b": "
        self._replace = replace
        self._wording = wording
        self._with_source = with_source

    def bytes_of(self, record: Record, outcome: Outcome) -> bytes:
        """Give the object; an input object in its own bytes with the key spliced in."""
        lost = False
        if isinstance(outcome, Failure):
            lost = record.kind is Kind.OTHER or outcome.code is FailureCode.KEY_EXISTS
            message = self._wording(outcome)
            value = error_json(outcome, record.line, message, record.raw if lost else None)
        else:
            value = verdict_json(outcome)
        if self._with_source:
            value = value[:-1] + _source(record.source) % record.line + b"}"
        member = self._member + value
        return b"{" + member + b"}" if lost else self._with(record, member)

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


@lru_cache(maxsize=64)
def _source(name: str | None) -> bytes:
    """Give the member that tells a file, but for its line; null is the file of an argument."""
    file = b"null" if name is None else json_text(name).replace(b"%", b"%%")
    return b', "source": {"file": ' + file + b', "line": %d}'


def texts_of(record: Record) -> list[tuple[str, str]]:
    """Give the named texts of a row, of a text, or of a prompt with a response."""
    if record.cells is None:
        return [("text", record.raw.decode())]
    names = record.header.names if record.header else ("prompt", "response")
    return list(zip(names, record.cells, strict=False))
