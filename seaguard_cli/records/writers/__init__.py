"""The writers' door."""

from __future__ import annotations

from collections.abc import Mapping

from seaguard_cli.verdict import Label

from .base import Form, Look, Sink, Wording, Writer
from .json_lines import JsonArray, JsonLines
from .labels import Labels
from .objects import Objects
from .only import OnFailure, Only
from .person import Person
from .screen import Screen
from .split import Split
from .table import Note, Table


def _ignore(name: str) -> None:
    """Take no note."""


def open_writer(
    form: Form,
    sink: Sink,
    *,
    key: str = "seaguard",
    replace: bool = False,
    wording: Wording,
    look: Look,
    note: Note = _ignore,
    with_source: bool = False,
) -> Writer:
    """Give the writer of a form.

    `key` is the key that is added, and the first part of the names of the columns that are.
    `replace` takes out what an input has there already. `note` is told, once each, the names of
    what has no column in a CSV or Parquet output. `with_source` adds the file and the line that a
    record came from, where the form has room for it. Raises ParquetMissing.
    """
    target = Screen(sink) if look.literal else sink
    match form:
        case Form.TEXT:
            return Person(sink, wording, look, with_source)
        case Form.JSONL:
            return JsonLines(target, Objects(key, replace, wording, with_source))
        case Form.JSON:
            return JsonArray(target, Objects(key, replace, wording, with_source))
        case Form.CSV:
            return Table(target, key, replace, note, with_source)
        case Form.LABELS:
            return Labels(sink)
        case Form.PARQUET:
            from .parquet import Parquet

            return Parquet(sink, key, replace, wording, note, with_source)


def open_filter(only: Label, sink: Sink, *, note: OnFailure, look: Look) -> Writer:
    """Give the writer that passes on the records labelled `only`, byte for byte.

    `note` is told each record that could not be judged: none of them is passed on.
    """
    return Only(Screen(sink) if look.literal else sink, only, note)


def open_split(parts: Mapping[str, Writer]) -> Writer:
    """Give the writer that passes each record to one of `parts`: safe, unsafe or error."""
    return Split(parts)
