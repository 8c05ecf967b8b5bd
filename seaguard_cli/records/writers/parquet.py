"""Parquet: the input's columns in their types, and a column for everything that a verdict says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from seaguard_cli.records.arrow import parquet_library
from seaguard_cli.records.record import Header, Outcome, Record

from .arrow_file import ArrowFile
from .base import Sink, Wording
from .columns import Cells, cells_of, column_arrays
from .said import said_columns, said_of
from .table import Note, column_exists

_MOST_ROWS = 64 * 1024
_MOST_BYTES = 32 * 2**20


class Parquet:
    """Row groups of at most 65,536 rows or some 32 MiB, in the order of the records.

    The columns are those of the first record that tells any: of a Parquet file in their types, of
    a table as strings, `text` (or `prompt` and `response`) for texts, and `record` for JSON, each
    value as it came. KEY_label and the others follow. What a later record has beside the columns,
    or what does not fit a column's type, is left out, and `note` is told each such name once.

    A group is written when it is full, and at the end. Raises ParquetMissing, OutputUnfinished,
    and UsageError if a column is called like one of ours, unless `replace` drops it.
    """

    def __init__(
        self, sink: Sink, key: str, replace: bool, wording: Wording, note: Note, with_source: bool
    ) -> None:
        self._library = parquet_library("-o parquet")
        said = said_columns(with_source=with_source)
        self._ours = {f"{key}_{part}": kind for part, kind in said.items()}
        self._file = ArrowFile(sink)
        self._replace = replace
        self._wording = wording
        self._note = note
        self._with_source = with_source
        self._columns: list[Any] | None = None
        self._metadata: Any = None
        self._writer: Any = None
        self._group: list[Cells] = []
        self._added: list[tuple[object, ...]] = []
        self._size = 0
        self._noted: set[str] = set()

    @property
    def holds(self) -> bool:
        """Tell whether records wait for their row group to be full."""
        return bool(self._group)

    def header(self, header: Header) -> None:
        """Take the columns of a table or a Parquet file, if it is the first input to have any."""
        if self._columns is None:
            self._begin(header.names if header.schema is None else header.schema)

    def write(self, record: Record, outcome: Outcome) -> None:
        """Keep one record for its row group, and write the group if it is full."""
        cells = cells_of(record)
        if self._columns is None and cells.certain:
            self._begin(cells.texts if cells.row is None else cells.row.batch.schema)
        self._weigh(cells)
        self._group.append(cells)
        self._added.append(said_of(record, outcome, self._wording, with_source=self._with_source))
        if len(self._group) >= _MOST_ROWS or self._size > _MOST_BYTES:
            self._write_group()

    def close(self) -> None:
        """Write what is kept, and the end without which the file cannot be read."""
        if self._file.failed:
            return
        if self._group or self._writer is None:
            self._write_group()
        self._writer.close()
        self._file.flush()

    def _begin(self, columns: Iterable[Any]) -> None:
        """Take these columns: Arrow's fields, or names of strings."""
        import pyarrow

        fields = [pyarrow.field(one, "string") if isinstance(one, str) else one for one in columns]
        clash = next((field.name for field in fields if field.name in self._ours), None)
        if clash is not None and not self._replace:
            self._file.failed = True
            raise column_exists(clash)
        kept = [field for field in fields if field.name not in self._ours]
        # Another input may lack the column.
        self._columns = [field.with_nullable(True) for field in kept]
        self._metadata = getattr(columns, "metadata", None)

    def _weigh(self, cells: Cells) -> None:
        """Count what a record keeps in memory, and tell what of it has no column."""
        before = self._group[-1].row if self._group else None
        if cells.row is not None:
            if before is not None and before.batch is cells.row.batch:
                return
            self._size += cells.row.batch.nbytes
        else:
            self._size += sum(map(len, cells.texts.values()))
        if self._columns is not None and cells.certain:
            known = {field.name for field in self._columns}
            for name in cells.names:
                if name not in known and not (self._replace and name in self._ours):
                    self._tell(name)

    def _write_group(self) -> None:
        import pyarrow

        columns = self._columns or []
        arrays = []
        for field in columns:
            array, fitted = column_arrays(field, self._group)
            arrays.append(array)
            if not fitted:
                self._tell(field.name)
        said = zip(*self._added, strict=True) if self._added else [()] * len(self._ours)
        for values, kind in zip(said, self._ours.values(), strict=True):
            arrays.append(pyarrow.array(values, kind))
        if self._writer is None:
            ours = [pyarrow.field(name, kind) for name, kind in self._ours.items()]
            schema = pyarrow.schema([*columns, *ours], metadata=self._metadata)
            self._columns = columns
            self._writer = self._library.ParquetWriter(self._file, schema, write_page_checksum=True)
        if self._group:
            table = pyarrow.Table.from_arrays(arrays, schema=self._writer.schema)
            self._writer.write_table(table, row_group_size=len(self._group))
            self._file.flush()
        self._group, self._added, self._size = [], [], 0

    def _tell(self, name: str) -> None:
        if name not in self._noted:
            self._noted.add(name)
            self._note(name)
