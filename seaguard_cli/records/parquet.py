"""Parquet: rows of typed columns, read a few at a time, each as the JSON object it amounts to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import repeat
from typing import Any, BinaryIO

import orjson

from seaguard_cli.errors import DuplicateColumns, Failure, FailureCode, InputFailed

from .arrow import json_default, parquet_library, plain_values
from .fields import Chosen, chooser
from .lines import Source
from .record import HEAD, Header, Kind, Record, Row, Selection
from .spool import seekable
from .table import OnHeader

# What is read at a time: so many rows, fewer where rows are large.
_MOST_ROWS = 64
_MOST_BYTES = 16 * 2**20
_BUFFER = 2**20
_MOST_CHARACTERS = 120


def parquet_records(
    source: Source,
    selection: Selection,
    limit: int,
    on_header: OnHeader | None,
    label: str | None,
) -> Iterator[Record]:
    """Give the rows, each as an OBJECT in JSON, with nulls where its columns are null.

    A column that is null counts as missing. Memory is bounded by the largest page of each column,
    and 64 rows. Raises ParquetMissing, InputNeedsFile, DuplicateColumns, and InputFailed where the
    file is damaged.
    """
    library = parquet_library(source.name)
    with seekable(source) as stream:
        file = _opened(stream, library, source.name)
        schema = file.schema_arrow
        _require_single_names(schema, source.name, "")
        if on_header is not None:
            on_header(Header(b"", tuple(schema.names), "", schema))
        rows = _Rows(selection, limit, label)
        line = 0
        for batch in _batches(file, source.name):
            with _told(source.name):
                plain = _cells(batch)
            for index, cells in enumerate(plain):
                line += 1
                yield rows.record(cells, Row(batch, index), line)


def _cells(batch: Any) -> Iterator[dict[str, object]]:  # noqa: ANN401  # pyarrow has no types
    """Give the cells of each row. Whatever of the file may be damaged is looked at at once."""
    names = batch.schema.names
    columns = list(map(plain_values, batch.columns))
    rows = zip(*columns, strict=True) if names else repeat((), batch.num_rows)
    return (dict(zip(names, values, strict=True)) for values in rows)


class _Rows:
    """Makes records of rows."""

    def __init__(self, selection: Selection, limit: int, label: str | None) -> None:
        self._choose = chooser(selection)
        self._limit = limit
        self._label = label

    def record(self, cells: Mapping[str, object], row: Row, line: int) -> Record:
        """Give the record of the row with these cells."""
        raw = orjson.dumps(cells, default=json_default)
        kind, item, failure = Kind.OBJECT, None, None
        if len(raw) > self._limit:
            kind, raw = Kind.OTHER, raw[:HEAD]
            failure = Failure(FailureCode.TOO_LARGE, {"limit": self._limit})
        else:
            chosen = self._chosen(cells)
            item, failure = (None, chosen) if isinstance(chosen, Failure) else (chosen, None)
        return Record(raw, b"\n", line, kind, item, failure, None, None, False, self._label, row)

    def _chosen(self, cells: Mapping[str, object]) -> Chosen:
        fields = {name: value for name, value in cells.items() if value is not None}
        chosen = self._choose(fields, None)
        if isinstance(chosen, Failure) and chosen.facts.get("found") == "binary":
            return Failure(FailureCode.INVALID_UTF8)
        return chosen


def _require_single_names(
    fields: Iterable[Any],
    path: str,
    inside: str,
) -> None:
    """Raise DuplicateColumns if two columns, or two fields of a struct, have one name."""
    known: set[str] = set()
    for field in fields:
        name = inside + field.name
        if name in known:
            raise DuplicateColumns(path=path, column=name)
        known.add(name)
        inner = field.type
        if inner.num_fields:
            _require_single_names(map(inner.field, range(inner.num_fields)), path, f"{name}.")


def _opened(stream: BinaryIO, library: Any, name: str) -> Any:  # noqa: ANN401  # without types
    with _told(name):
        # Not buffered before, and a piece at a time: else a whole row group is kept.
        return library.ParquetFile(
            stream, pre_buffer=False, buffer_size=_BUFFER, page_checksum_verification=True
        )


def _batches(file: Any, name: str) -> Iterator[Any]:  # noqa: ANN401  # as above
    for number in range(file.num_row_groups):
        group = file.metadata.row_group(number)
        row_size = max(group.total_byte_size // max(group.num_rows, 1), 1)
        rows = max(min(_MOST_ROWS, _MOST_BYTES // row_size), 1)
        with _told(name):
            yield from file.iter_batches(batch_size=rows, row_groups=[number], use_threads=False)


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Raise InputFailed for what pyarrow says is wrong with a file.

    It has a ValueError of its own: a plain one would be a bug of ours, and is no news of a file.
    """
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or _first_sentence(str(error))
        raise InputFailed(path=name, reason=reason) from error


def _first_sentence(message: str) -> str:
    first = message.splitlines()[0].partition(". ")[0] if message else "it is damaged"
    return first[:_MOST_CHARACTERS].rstrip(".")
