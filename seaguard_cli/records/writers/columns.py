"""The columns of a Parquet output that come from its input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from seaguard_cli.errors import FailureCode
from seaguard_cli.records.record import Kind, Record, Row

from .objects import texts_of

# JSON values need not have the same members, so each is kept whole, as it came.
_RECORD = "record"


class Cells(NamedTuple):
    """What a record brings along: a row of a Parquet input, or texts by name.

    `certain` is False where the texts have a column only if others have it too.
    """

    row: Row | None
    texts: Mapping[str, str]
    certain: bool = True

    @property
    def names(self) -> Iterable[str]:
        """Give the columns that it has cells for."""
        return self.texts if self.row is None else self.row.batch.schema.names


def cells_of(record: Record) -> Cells:
    """Give a record's own cells; of what is not whole or not UTF-8 there are none."""
    if record.row is not None:
        return Cells(record.row, {})
    if record.kind in (Kind.OBJECT, Kind.STRING):
        return Cells(None, {_RECORD: record.raw.decode()})
    if record.kind is not Kind.OTHER or record.cells is not None:
        return Cells(None, dict(texts_of(record)))
    if record.failure is None or record.failure.code is FailureCode.TOO_LARGE:
        return Cells(None, {}, certain=False)
    try:
        return Cells(None, {_RECORD: record.raw.decode()}, certain=False)
    except UnicodeDecodeError:
        return Cells(None, {}, certain=False)


def column_arrays(field: Any, group: Sequence[Cells]) -> tuple[Any, bool]:  # noqa: ANN401  # pyarrow
    """Give a column of a group of records, and whether every cell fitted its type.

    A cell that does not is null, as is one that a record lacks.
    """
    import pyarrow

    arrays, fitted = [], True
    for run in _runs(group):
        array, fits = _fitted(_own(field.name, run), field.type)
        arrays.append(array)
        fitted = fitted and fits
    return pyarrow.chunked_array(arrays, field.type), fitted


def _runs(group: Sequence[Cells]) -> Iterator[Sequence[Cells]]:
    """Divide a group into what lies side by side in one batch, and what is no row of any."""
    begin = 0
    for at in range(1, len(group) + 1):
        if at == len(group) or not _follows(group[at - 1].row, group[at].row):
            yield group[begin:at]
            begin = at


def _follows(before: Row | None, row: Row | None) -> bool:
    if before is None or row is None:
        return before is row
    return row.batch is before.batch and row.index == before.index + 1


def _own(name: str, run: Sequence[Cells]) -> Any:  # noqa: ANN401  # pyarrow has no types
    import pyarrow

    row = run[0].row
    if row is None:
        return pyarrow.array([cells.texts.get(name) for cells in run], "string")
    at = row.batch.schema.get_field_index(name)
    if at < 0:
        return pyarrow.nulls(len(run))
    return row.batch.column(at).slice(row.index, len(run))


def _fitted(array: Any, kind: Any) -> tuple[Any, bool]:  # noqa: ANN401  # as above
    """Give an array in a type; a struct in another is no match, though pyarrow would make one."""
    import pyarrow
    from pyarrow import types

    if array.type == kind:
        return array, True
    if array.null_count == len(array):
        return pyarrow.nulls(len(array), kind), True
    try:
        if not types.is_nested(array.type) and not types.is_nested(kind):
            return array.cast(kind), True
    except pyarrow.ArrowException:
        pass
    return pyarrow.nulls(len(array), kind), False
