"""CSV: the input's columns, and ours."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping

import orjson

from seaguard_cli.errors import Failure, UsageError
from seaguard_cli.records.exact import members
from seaguard_cli.records.record import Header, Kind, Outcome, Record

from .base import Sink
from .objects import texts_of

Note = Callable[[str], None]

_MOST_WAITING = 1000


class Table:
    """Rows under the columns of the first record that has any, then KEY_label and the others.

    Failures that come before it wait for it, up to a thousand; after that there are no columns but
    ours. What a later record has beside the columns is left out, and `note` is told each such name
    once. Raises UsageError if a column is called like one of ours, unless `replace` drops it.
    `with_source` adds two columns for the file and the line that a row came from.
    """

    def __init__(self, sink: Sink, key: str, replace: bool, note: Note, with_source: bool) -> None:
        self._sink = sink
        parts = ("label", "score", "error", *(("file", "line") if with_source else ()))
        self._ours = tuple(f"{key}_{part}" for part in parts)
        self._replace = replace
        self._note = note
        self._with_source = with_source
        self._columns: tuple[str, ...] | None = None
        self._known: frozenset[str] = frozenset()
        self._waiting: list[list[str]] = []
        self._noted: set[str] = set()

    @property
    def holds(self) -> bool:
        """Tell whether rows still wait for the columns."""
        return bool(self._waiting)

    def header(self, header: Header) -> None:
        """Take the table's columns, if it is the first input to have any."""
        if self._columns is None:
            self._begin(header.names)

    def write(self, record: Record, outcome: Outcome) -> None:
        """Write one row."""
        cells = self._cells(record)
        if self._columns is None:
            if not cells and len(self._waiting) < _MOST_WAITING:
                self._waiting.append(self._added(record, outcome))
                return
            self._begin(tuple(cells))
        self._row(cells, self._added(record, outcome))

    def close(self) -> None:
        """Write what still waits, or at least the header."""
        if self._columns is None:
            self._begin(())

    def _begin(self, names: tuple[str, ...]) -> None:
        clash = next((name for name in names if name in self._ours), None)
        if clash is not None and not self._replace:
            self._columns = ()
            raise column_exists(clash)
        self._columns = tuple(name for name in names if name not in self._ours)
        self._known = frozenset(self._columns)
        self._emit([*self._columns, *self._ours])
        for added in self._waiting:
            self._row({}, added)
        self._waiting.clear()

    def _row(self, cells: Mapping[str, str], added: list[str]) -> None:
        columns = self._columns or ()
        if cells.keys() != self._known:
            for name in cells:
                if name not in self._known and not (self._replace and name in self._ours):
                    self._tell(name)
        self._emit([*(cells.get(name, "") for name in columns), *added])

    def _emit(self, cells: list[str]) -> None:
        text = io.StringIO()
        # With this line end csv quotes a lone carriage return too; the lines end as others do.
        csv.writer(text, lineterminator="\r\n").writerow(cells)
        self._sink.write(text.getvalue()[:-2].encode() + b"\n")
        self._sink.flush()

    def _cells(self, record: Record) -> dict[str, str]:
        if record.kind is Kind.OBJECT:
            # What JSON says is left as it says it; a table's null is an empty cell.
            return self._members(record.raw, null="" if record.row else "null")
        if record.kind is Kind.STRING:
            return {"text": orjson.loads(record.raw)}
        if record.kind is Kind.OTHER and record.cells is None:
            return {}
        return dict(texts_of(record))

    def _members(self, raw: bytes, *, null: str) -> dict[str, str]:
        """Give an object's members: strings as they are, other values as their JSON text."""
        cells: dict[str, str] = {}
        for key, _, value, end in members(raw, raw.index(b"{")):
            name, text = str(key), raw[value:end]
            if name in cells:
                self._tell(name)
            if text == b"null":
                cells[name] = null
            else:
                cells[name] = orjson.loads(text) if text.startswith(b'"') else text.decode()
        return cells

    def _added(self, record: Record, outcome: Outcome) -> list[str]:
        """Give the cells of our columns."""
        if isinstance(outcome, Failure):
            added = ["", "", outcome.code.value]
        else:
            score = "" if outcome.score is None else repr(float(outcome.score))
            added = [outcome.label, score, ""]
        return [*added, record.source or "", str(record.line)] if self._with_source else added

    def _tell(self, name: str) -> None:
        if name not in self._noted:
            self._noted.add(name)
            self._note(name)


def column_exists(name: str) -> UsageError:
    """Give the error of a column that is called like one of ours."""
    return UsageError(
        problem=f"the input has a column {name!r} already",
        remedy="overwrite it with --replace, or choose other names with --key",
    )
