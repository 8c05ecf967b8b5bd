"""What has to be read from its end: the file itself, or a copy of what comes through a pipe."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO, cast

from seaguard_cli.errors import InputFailed, InputNeedsFile

from .lines import Source

MOST = 10**9


@contextmanager
def seekable(source: Source) -> Iterator[BinaryIO]:
    """Give a stream of all that a source holds that can be read from any place.

    What comes through a pipe, or is packed, is copied to a nameless file in the folder for
    temporary files, up to 1 GB. Raises InputNeedsFile beyond that, and InputFailed.
    """
    if (whole := source.rewound()) is not None:
        yield whole
        return
    with _empty(source.name) as copy:
        _fill(copy, source)
        yield cast(BinaryIO, copy)


def _empty(name: str) -> IO[bytes]:
    try:
        # Unbuffered, so that a full disk is met while it is written and not when it is closed.
        return tempfile.TemporaryFile(prefix="seaguard-", buffering=0)
    except OSError as error:
        raise _not_kept(name, error) from error


def _fill(copy: IO[bytes], source: Source) -> None:
    size = 0
    for chunk in source:
        size += len(chunk)
        if size > MOST:
            raise InputNeedsFile(path=source.name, most=MOST)
        try:
            view = memoryview(chunk)
            while view:
                view = view[copy.write(view) :]
        except OSError as error:
            raise _not_kept(source.name, error) from error
    copy.seek(0)


def _not_kept(name: str, error: OSError) -> InputFailed:
    reason = (error.strerror or str(error)).lower()
    return InputFailed(path=name, reason=f"no copy of it could be written (TMPDIR), {reason}")
