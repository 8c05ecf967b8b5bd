"""The readers' door: a stream in, records out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from .archive import inner_name, unpacked
from .detect import by_content, by_suffix
from .lines import Source, drop_mark, split_lines
from .record import Format, Record, Selection
from .split import split_values
from .table import OnHeader, table_records
from .texts import line_records, whole_record
from .values import json_records, value_records

MAX_RECORD = 16 * 2**20


def read(
    stream: BinaryIO,
    *,
    name: str,
    format: Format | None,
    selection: Selection,
    whole: bool = False,
    max_record: int = MAX_RECORD,
    on_header: OnHeader | None = None,
    source: str | None = None,
) -> Iterator[Record]:
    """Give the records of a stream, each as soon as it has been read, in bounded memory.

    What is packed with gzip or zstd is unpacked. `name` is the file's, for its suffix and for
    errors; `format` None: by suffix, else by the first bytes. `whole` makes one text of it all,
    without its last line end. A table's header goes to `on_header` before its first row. `source`
    is what the records say of where they come from.

    Raises InputFailed, and for what cannot be read at all InputEncoding, InputPacked,
    InputNeedsFile, DuplicateColumns, HeaderUnreadable, ZstdMissing and ParquetMissing.
    """
    if source is not None:
        # A file's name may be any bytes, and what is written is UTF-8.
        source = source.encode("utf-8", "backslashreplace").decode()
    data = unpacked(Source(stream, name))
    drop_mark(data)
    if whole:
        yield from whole_record(data, selection, max_record, source)
        return
    format = format or by_suffix(inner_name(name)) or by_content(data)
    if format is Format.PARQUET:
        from .parquet import parquet_records

        yield from parquet_records(data, selection, max_record, on_header, source)
        return
    lines = split_lines(data, max_record)
    match format:
        case Format.TEXT:
            yield from line_records(lines, selection, max_record, source)
        case Format.JSONL:
            yield from json_records(lines, selection, max_record, source)
        case Format.JSON:
            values = split_values(data, max_record)
            yield from value_records(values, selection, max_record, source)
        case Format.CSV | Format.TSV:
            delimiter = "," if format is Format.CSV else "\t"
            yield from table_records(
                lines, selection, max_record, name, delimiter, on_header, source
            )
