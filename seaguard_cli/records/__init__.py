"""Readers and writers: records in, in their own bytes; records out, with what came of them."""

from __future__ import annotations

from .literal import literal
from .reading import MAX_RECORD, read
from .record import Format, Header, Kind, Outcome, Record, Selection
from .schema import schema
from .texts import from_arguments
from .writers import open_filter, open_writer
from .writers.base import Form, Look, Sink, Writer

__all__ = [
    "MAX_RECORD",
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
    "literal",
    "open_filter",
    "open_writer",
    "read",
    "schema",
]
