"""What every writer is, and what it writes to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from seaguard_cli.errors import Failure
from seaguard_cli.records.record import Header, Outcome, Record

Wording = Callable[[Failure], str]
"""From a failure to its sentence."""


class Form(StrEnum):
    """What an output looks like."""

    TEXT = "text"
    JSONL = "jsonl"
    JSON = "json"
    CSV = "csv"
    LABELS = "labels"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Look:
    """What an output goes to: in colour, so many cells wide (None: endless), literally.

    `literal` says that it is a terminal: what it would act on is shown as escapes.
    """

    colour: bool = False
    width: int | None = None
    literal: bool = False


class Sink(Protocol):
    """Where bytes go. A record arrives in one write, and a flush follows."""

    def write(self, data: bytes, /) -> object:
        """Take all of `data`."""

    def flush(self) -> object:
        """Pass on what was taken."""


class Writer(Protocol):
    """Writes records with what came of them, in the order they are given."""

    @property
    def holds(self) -> bool:
        """Tell whether records wait to be written: a table's first may have no columns yet."""

    def header(self, header: Header) -> None:
        """Learn a table's columns, before its first row."""

    def write(self, record: Record, outcome: Outcome) -> None:
        """Write one record, with its verdict or with why there is none."""

    def close(self) -> None:
        """Write what ends the output; the sink stays open."""
