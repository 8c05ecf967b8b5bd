"""The readers' door: a stream or arguments in, records out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from seaguard_cli.errors import Failure, FailureCode
from seaguard_cli.verdict import Item

from .detect import by_content, by_suffix
from .fields import item_of
from .lines import Line, Source, drop_mark, split_lines
from .record import Format, Kind, Record, Selection
from .split import split_values
from .table import OnHeader, table_records
from .values import json_records, too_large, value_records

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
) -> Iterator[Record]:
    """Give the records of a stream, each as soon as it has been read, in bounded memory.

    `name` is the file's, for its suffix and for errors; `format` None: by suffix, else by the
    first bytes. `whole` makes one text of it all, without its last line end. A table's header goes
    to `on_header` before its first row. Raises InputFailed, InputEncoding and DuplicateColumns.
    """
    source = Source(stream, name)
    drop_mark(source)
    if whole:
        yield from _whole(source, selection, max_record)
        return
    format = format or by_suffix(name) or by_content(source)
    lines = split_lines(source, max_record)
    match format:
        case Format.TEXT:
            yield from _texts(lines, selection, max_record)
        case Format.JSONL:
            yield from json_records(lines, selection, max_record)
        case Format.JSON:
            yield from value_records(split_values(source, max_record), selection, max_record)
        case Format.CSV | Format.TSV:
            delimiter = "," if format is Format.CSV else "\t"
            yield from table_records(lines, selection, max_record, name, delimiter, on_header)


def from_arguments(
    texts: Sequence[str], *, response: str | None, selection: Selection
) -> Iterator[Record]:
    """Give a record for each text, with `response` beside it if there is one.

    A record's line is the argument's number. Bytes of an argument that are not UTF-8 are
    `invalid_utf8`.
    """
    for number, text in enumerate(texts, 1):
        raw = _encoded(text)
        if response is None:
            yield _text(raw, b"\n", number, selection)
        else:
            yield _pair(raw, text, response, number, selection)


def _texts(lines: Iterable[Line], selection: Selection, limit: int) -> Iterator[Record]:
    for number, (body, end, whole) in enumerate(lines, 1):
        if whole:
            yield _text(body, end, number, selection)
        else:
            yield too_large(body, end, number, limit)


def _whole(source: Source, selection: Selection, limit: int) -> Iterator[Record]:
    text = bytearray()
    for chunk in source:
        text += chunk
        if len(text) > limit + len(b"\r\n"):
            break
    if not text:
        return
    end = b"\r\n" if text.endswith(b"\r\n") else b"\n" if text.endswith(b"\n") else b""
    raw = bytes(text[: len(text) - len(end)])
    if len(raw) > limit:
        yield too_large(raw, b"", 1, limit)
    else:
        yield _text(raw, end, 1, selection)


def _text(raw: bytes, end: bytes, line: int, selection: Selection) -> Record:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        return _not_utf8(raw, end, line, error)
    if selection.key == "text":
        failure = Failure(FailureCode.KEY_EXISTS, {"key": "text"})
        return Record(raw, end, line, Kind.TEXT, None, failure)
    return Record(raw, end, line, Kind.TEXT, item_of(text, selection.task, "text"), None)


def _pair(raw: bytes, text: str, response: str, line: int, selection: Selection) -> Record:
    try:
        raw.decode()
        _encoded(response).decode()
    except UnicodeDecodeError as error:
        return _not_utf8(raw, b"\n", line, error)
    cells = (text, response)
    if selection.key in ("prompt", "response"):
        failure = Failure(FailureCode.KEY_EXISTS, {"key": selection.key})
        return Record(raw, b"\n", line, Kind.TEXT, None, failure, None, cells)
    item = Item(text) if selection.task == "prompt" else Item(text, response)
    return Record(raw, b"\n", line, Kind.TEXT, item, None, None, cells)


def _not_utf8(raw: bytes, end: bytes, line: int, error: UnicodeDecodeError) -> Record:
    failure = Failure(FailureCode.INVALID_UTF8, {"byte": error.start + 1})
    return Record(raw, end, line, Kind.OTHER, None, failure)


def _encoded(text: str) -> bytes:
    """Give the bytes of an argument: those that are not UTF-8 arrive as lone surrogates."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
