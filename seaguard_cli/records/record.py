"""What a reader yields and a writer takes: one record, in its own bytes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from seaguard_cli.errors import Failure
from seaguard_cli.verdict import Conversation, Item, Task, Verdict

HEAD = 64 * 1024
"""How many of its first bytes stand for a record that is too large, or that is no object."""

BLANKS = b" \t\n\r"
"""What JSON counts as white space; `bytes.strip()` alone would take more."""

Outcome = Verdict | Failure


class Format(StrEnum):
    """How an input is divided into records."""

    TEXT = "text"
    JSONL = "jsonl"
    JSON = "json"
    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"


class Kind(StrEnum):
    """What a record is, and so how it is given back.

    OTHER is whatever has no text to give back: another JSON value, or bytes that are not what
    their format says.
    """

    OBJECT = "object"
    STRING = "string"
    TEXT = "text"
    ROW = "row"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which field of a record is judged, and as which task; all None: by convention.

    `each_turn` judges a conversation turn by turn, and not by its last one alone. `key` is the key
    that a writer will add: a record that has it already is `key_exists`. None: not checked, because
    the writer adds none or replaces it.
    """

    field: str | None = None
    prompt_field: str | None = None
    response_field: str | None = None
    task: Task | None = None
    key: str | None = None
    each_turn: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    """A table's first row: its bytes with their line end, its columns, and what parts them.

    A Parquet input has no such row, so `raw` is empty, and `schema` is its Arrow schema.
    """

    raw: bytes
    names: tuple[str, ...]
    delimiter: str
    schema: Any = None


@dataclass(frozen=True, slots=True)
class Row:
    """Where a row of a Parquet input lies: at which index of which Arrow record batch."""

    batch: Any
    index: int


class Record(NamedTuple):
    """One record of an input. Exactly one of `item` and `failure` is set.

    `raw` is its own bytes without their line end `end`, which stands as it stood: a line feed,
    with or without a carriage return, or nothing at the end of a file and in a JSON array. Values
    of a JSON sequence end in a line feed, whatever white space parted them. Of a record that is
    too large, `raw` is the first 64 KiB. `line` is the line of the source on which it begins,
    counted from 1 after unpacking; of an argument or of a Parquet row, its number. `source` is what
    the reader was told to call the source.

    `cells` are a row's, under `header`; of an argument with a response, its prompt and response.
    `element` says that it is an element of a JSON array. A row of Parquet is an OBJECT whose `raw`
    is its JSON, and `row` is where it lies.
    """

    raw: bytes
    end: bytes
    line: int
    kind: Kind
    item: Item | Conversation | None
    failure: Failure | None
    header: Header | None = None
    cells: tuple[str, ...] | None = None
    element: bool = False
    source: str | None = None
    row: Row | None = None
