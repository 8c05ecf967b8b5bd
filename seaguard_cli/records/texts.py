"""Texts without a format around them: one a line, a whole input, or an argument."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from seaguard_cli.errors import Failure, FailureCode
from seaguard_cli.verdict import Item

from .fields import item_of
from .lines import Line
from .record import Kind, Record, Selection
from .values import too_large


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
            yield _text(raw, b"\n", number, selection, None)
        else:
            yield _pair(raw, text, response, number, selection)


def line_records(
    lines: Iterable[Line], selection: Selection, limit: int, source: str | None
) -> Iterator[Record]:
    """Give the records of a text: one a line."""
    for number, (body, end, whole) in enumerate(lines, 1):
        if whole:
            yield _text(body, end, number, selection, source)
        else:
            yield too_large(body, end, number, limit, source)


def whole_record(
    chunks: Iterable[bytes], selection: Selection, limit: int, source: str | None
) -> Iterator[Record]:
    """Give the one record of an input that is one text, without its last line end."""
    text = bytearray()
    for chunk in chunks:
        text += chunk
        if len(text) > limit + len(b"\r\n"):
            break
    if not text:
        return
    end = b"\r\n" if text.endswith(b"\r\n") else b"\n" if text.endswith(b"\n") else b""
    raw = bytes(text[: len(text) - len(end)])
    if len(raw) > limit:
        yield too_large(raw, b"", 1, limit, source)
    else:
        yield _text(raw, end, 1, selection, source)


def _text(raw: bytes, end: bytes, line: int, selection: Selection, source: str | None) -> Record:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        return _not_utf8(raw, end, line, error, source)
    if selection.key == "text":
        failure = Failure(FailureCode.KEY_EXISTS, {"key": "text"})
        return Record(raw, end, line, Kind.TEXT, None, failure, source=source)
    item = item_of(text, selection.task, "text")
    return Record(raw, end, line, Kind.TEXT, item, None, source=source)


def _pair(raw: bytes, text: str, response: str, line: int, selection: Selection) -> Record:
    try:
        raw.decode()
        _encoded(response).decode()
    except UnicodeDecodeError as error:
        return _not_utf8(raw, b"\n", line, error, None)
    cells = (text, response)
    if selection.key in ("prompt", "response"):
        failure = Failure(FailureCode.KEY_EXISTS, {"key": selection.key})
        return Record(raw, b"\n", line, Kind.TEXT, None, failure, None, cells)
    item = Item(text) if selection.task == "prompt" else Item(text, response)
    return Record(raw, b"\n", line, Kind.TEXT, item, None, None, cells)


def _not_utf8(
    raw: bytes, end: bytes, line: int, error: UnicodeDecodeError, source: str | None
) -> Record:
    failure = Failure(FailureCode.INVALID_UTF8, {"byte": error.start + 1})
    return Record(raw, end, line, Kind.OTHER, None, failure, source=source)


def _encoded(text: str) -> bytes:
    """Give the bytes of an argument: those that are not UTF-8 arrive as lone surrogates."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
