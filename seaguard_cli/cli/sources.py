"""What `check` reads: opened before any model is loaded, read lazily afterwards."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from seaguard_cli.cli.environment import Environment
from seaguard_cli.errors import InputMissing
from seaguard_cli.lookahead import read_ahead
from seaguard_cli.pipeline import Incoming
from seaguard_cli.records import Format, Header, Record, Selection, from_arguments, read

_STANDARD_INPUT = "standard input"


@dataclass(frozen=True, slots=True)
class Reading:
    """How every source of a run is read."""

    format: Format | None
    whole: bool
    selection: Selection
    max_record: int


@dataclass(frozen=True, slots=True)
class Source:
    """An opened input and its name."""

    name: str
    stream: BinaryIO


def open_sources(files: Sequence[str], environment: Environment, stack: ExitStack) -> list[Source]:
    """Open every file, `-` being standard input; `stack` closes them. Raises InputMissing."""
    return [_open(name, environment, stack) for name in files]


def incoming(
    texts: Sequence[str], response: str | None, sources: Sequence[Source], reading: Reading
) -> Iterator[Incoming]:
    """Give the records of the arguments, then those of each source, headers among them."""
    yield from from_arguments(texts, response=response, selection=reading.selection)
    for source in sources:
        records = _records(source, reading)
        # A regular file never makes anyone wait; a pipe, a terminal or a socket may.
        if _is_regular(source.stream):
            yield from records
        else:
            yield from read_ahead(records, _size)


def _open(name: str, environment: Environment, stack: ExitStack) -> Source:
    if name == "-":
        return Source(_STANDARD_INPUT, environment.stdin)
    try:
        stream = Path(name).open("rb", buffering=0)  # noqa: SIM115 - the stack closes it
        stack.enter_context(stream)
        if stat.S_ISDIR(os.fstat(stream.fileno()).st_mode):
            raise IsADirectoryError(21, "it is a folder")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputMissing(path=name, reason=reason) from error
    return Source(name, stream)


def _records(source: Source, reading: Reading) -> Iterator[Record | Header]:
    headers: list[Header] = []
    records = read(
        source.stream,
        name=source.name,
        format=reading.format,
        selection=reading.selection,
        whole=reading.whole,
        max_record=reading.max_record,
        on_header=headers.append,
    )
    for record in records:
        yield from _taken(headers)
        yield record
    yield from _taken(headers)


def _taken(headers: list[Header]) -> Iterator[Header]:
    while headers:
        yield headers.pop(0)


def _size(one: Record | Header) -> int:
    return len(one.raw)


def _is_regular(stream: BinaryIO) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError, AttributeError):
        return True
