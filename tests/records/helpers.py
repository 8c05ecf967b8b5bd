"""What the tests of the records package share."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable
from typing import Any

from seaguard_cli.errors import Failure
from seaguard_cli.records import (
    Form,
    Format,
    Header,
    Look,
    Outcome,
    Record,
    Selection,
    open_filter,
    open_writer,
    read,
)
from seaguard_cli.verdict import Conversation, Item, Verdict

MODEL = "qwen-sea-guard-4b:Q4_K_M"
UNSAFE = Verdict("unsafe", 0.9731, 0.5, "prompt", MODEL)
SAFE = Verdict("safe", 0.02, 0.5, "prompt", MODEL)
UNSAFE_JSON = (
    b'{"label": "unsafe", "score": 0.9731, "threshold": 0.5, "task": "prompt", '
    b'"model": "qwen-sea-guard-4b:Q4_K_M"}'
)
SPLICED = b', "seaguard": ' + UNSAFE_JSON


class Trickle(io.RawIOBase):
    """A stream that gives so many bytes at a time, however many are asked for."""

    def __init__(self, data: bytes, step: int = 1) -> None:
        self._data = data
        self._at = 0
        self._step = step

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        piece = self._data[self._at : self._at + self._step]
        self._at += len(piece)
        return piece


class Endless(io.RawIOBase):
    """A stream of the same bytes, as many as asked for, without holding them."""

    def __init__(self, piece: bytes, size: int, start: bytes = b"", end: bytes = b"") -> None:
        self._parts = [start, *[None] * (size // len(piece)), end]
        self._piece = piece
        self._at = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while self._at < len(self._parts):
            part = self._parts[self._at]
            self._at += 1
            if part is None or part:
                return self._piece if part is None else part
        return b""


class Sink:
    """Keeps each write apart, and counts the flushes."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.flushes = 0

    def write(self, data: bytes, /) -> None:
        self.writes.append(data)

    def flush(self) -> None:
        self.flushes += 1

    @property
    def data(self) -> bytes:
        return b"".join(self.writes)


def wording(failure: Failure) -> str:
    facts = ", ".join(f"{name}={fact}" for name, fact in failure.facts.items())
    return f"cannot judge ({facts})"


def records(
    data: bytes,
    format: Format | None = None,
    *,
    name: str = "-",
    step: int | None = None,
    whole: bool = False,
    max_record: int = 16 * 2**20,
    headers: list[Header] | None = None,
    source: str | None = None,
    **selection: Any,
) -> list[Record]:
    stream = io.BytesIO(data) if step is None else Trickle(data, step)
    return list(
        read(
            stream,
            name=name,
            format=format,
            selection=Selection(**selection),
            whole=whole,
            max_record=max_record,
            on_header=None if headers is None else headers.append,
            source=source,
        )
    )


def one(data: bytes, format: Format | None = Format.JSONL, **selection: Any) -> Record:
    (record,) = records(data, format, **selection)
    return record


def items(found: Iterable[Record]) -> list[Item | Conversation | str]:
    """Give each record's item, or its failure's code."""
    return [described(record) for record in found]


def described(record: Record) -> Item | Conversation | str:
    assert (record.item is None) != (record.failure is None)
    if record.failure is not None:
        return record.failure.code.value
    assert record.item is not None
    return record.item


def texts(found: Iterable[Record]) -> list[str]:
    return [item.prompt if isinstance(item, Item) else str(item) for item in items(found)]


def judged(
    found: Iterable[Record],
    form: Form = Form.JSONL,
    outcome: Outcome = UNSAFE,
    *,
    headers: Iterable[Header] = (),
    look: Look = Look(),  # noqa: B008  # frozen
    **options: Any,
) -> bytes:
    """Give what a writer makes of the records, each with `outcome` if it can be judged."""
    sink = Sink()
    writer = open_writer(form, sink, wording=wording, look=look, **options)
    for header in headers:
        writer.header(header)
    for record in found:
        writer.write(record, record.failure or outcome)
    writer.close()
    return sink.data


def filtered(
    pairs: Iterable[tuple[Record, Outcome]],
    label: Any = "unsafe",
    *,
    headers: Iterable[Header] = (),
    told: list[tuple[Record, Failure]] | None = None,
    look: Look = Look(),  # noqa: B008  # frozen
) -> bytes:
    sink = Sink()
    notes = [] if told is None else told
    writer = open_filter(
        label, sink, note=lambda record, failure: notes.append((record, failure)), look=look
    )
    for header in headers:
        writer.header(header)
    for record, outcome in pairs:
        writer.write(record, outcome)
    writer.close()
    return sink.data


def error_of(line: bytes, key: str = "seaguard") -> dict[str, Any]:
    error = json.loads(line)[key]["error"]
    assert isinstance(error, dict)
    return error


def input_of(line: bytes) -> bytes:
    return base64.b64decode(error_of(line)["input"], validate=True)
