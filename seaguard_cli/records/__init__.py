"""Readers and writers: records in, in their own bytes; records out, with what came of them."""

from __future__ import annotations

from .detect import is_packed
from .literal import literal
from .reading import MAX_RECORD, read
from .record import Format, Header, Kind, Outcome, Record, Selection
from .schema import schema
from .texts import from_arguments
from .writers import open_filter, open_split, open_writer
from .writers.base import Form, Look, Sink, Writer
from .writers.split import PARTS as SPLIT_PARTS

__all__ = [
    "MAX_RECORD",
    "SPLIT_PARTS",
    "Form",
    "Format",
    "Header",
    "Kind",
    "Look",
    "Outcome",
    "Record",
    "Selection",
    "Sink",
    "Writer",
    "from_arguments",
    "is_packed",
    "literal",
    "open_filter",
    "open_split",
    "open_writer",
    "read",
    "schema",
]
