"""What `check` reads: opened before any model is loaded, read lazily afterwards."""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from seaguard_cli.cli.environment import Environment
from seaguard_cli.engine import FLUSH
from seaguard_cli.errors import InputFailed, InputMissing
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
    """An input: what errors call it, what records say of where they come from, what is open of it.

    A file is opened when its turn comes: there may be more of them than may be open at once.
    """

    name: str
    file: str
    stream: BinaryIO | None = None


def find_sources(files: Sequence[str], environment: Environment) -> list[Source]:
    """Give the files, and those that patterns stand for, in order; `-` is standard input.

    Raises InputMissing for the first that is not there, or could not be read.
    """
    return [
        Source(_STANDARD_INPUT, name, environment.stdin) if name == "-" else _checked(name)
        for given in files
        for name in _expanded(given)
    ]


def incoming(
    texts: Sequence[str], response: str | None, sources: Sequence[Source], reading: Reading
) -> Iterator[Incoming]:
    """Give the records of the arguments, then those of each source, headers among them."""
    yield from from_arguments(texts, response=response, selection=reading.selection)
    for source in sources:
        # A regular file never makes anyone wait; a pipe, a terminal or a socket may.
        if _is_regular(source):
            with _opened(source) as stream:
                yield from _records(source, stream, reading)
        else:
            yield FLUSH
            with _opened(source) as stream:
                yield from read_ahead(_records(source, stream, reading), _size)


def _expanded(name: str) -> list[str]:
    """Give the file of this name, or else the files that it stands for as a pattern, sorted."""
    if name == "-" or os.path.lexists(name) or not glob.has_magic(name):
        return [name]
    found = sorted(path for path in glob.glob(name, recursive=True) if not os.path.isdir(path))
    if not found:
        raise InputMissing(path=name, reason="no file matches")
    return found


def _checked(name: str) -> Source:
    """Give a file that can be read."""
    try:
        mode = os.stat(name).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        # A pipe is not opened yet: whoever writes to it would lose its reader.
        if stat.S_ISREG(mode):
            os.close(os.open(name, os.O_RDONLY))
        elif not os.access(name, os.R_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputMissing(path=name, reason=reason) from error
    return Source(name, name)


@contextmanager
def _opened(source: Source) -> Iterator[BinaryIO]:
    """Give a source's stream. Raises InputFailed if the file has gone since it was found."""
    if source.stream is not None:
        yield source.stream
        return
    try:
        stream = Path(source.name).open("rb", buffering=0)  # noqa: SIM115 - closed below
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputFailed(path=source.name, reason=reason) from error
    with stream:
        yield stream


def _records(source: Source, stream: BinaryIO, reading: Reading) -> Iterator[Record | Header]:
    headers: list[Header] = []
    records = read(
        stream,
        name=source.name,
        format=reading.format,
        selection=reading.selection,
        whole=reading.whole,
        max_record=reading.max_record,
        on_header=headers.append,
        source=source.file,
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


def _is_regular(source: Source) -> bool:
    try:
        if source.stream is None:
            return stat.S_ISREG(os.stat(source.name).st_mode)
        return stat.S_ISREG(os.fstat(source.stream.fileno()).st_mode)
    except (OSError, ValueError, AttributeError):
        return True
