"""What has to be read from its end: the file itself, or a copy of what comes through a pipe."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

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
    with tempfile.TemporaryFile(prefix="seaguard-") as copy:
        try:
            _copy(source, copy)
        except OSError as error:
            folder, reason = tempfile.gettempdir(), (error.strerror or str(error)).lower()
            failed = f"its copy in {folder} cannot be written, {reason}"
            raise InputFailed(path=source.name, reason=failed) from error
        yield copy


def _copy(source: Source, copy: BinaryIO) -> None:
    size = 0
    for chunk in source:
        size += len(chunk)
        if size > MOST:
            raise InputNeedsFile(path=source.name, most=MOST)
        copy.write(chunk)
    copy.seek(0)
