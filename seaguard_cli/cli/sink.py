"""Standard output: whole records, at once, and what to say when it takes no more."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import BinaryIO

from seaguard_cli.errors import OutputFailed


class Output:
    """Writes all that it is given; counts the bytes of text that the terminal was shown.

    Raises BrokenPipeError when the reader has gone, OutputFailed for anything else.
    """

    def __init__(self, stream: BinaryIO, name: str = "standard output") -> None:
        self._stream = stream
        self._name = name

    def write(self, data: bytes, /) -> None:
        """Write all of `data`; an unbuffered stream may take it in parts."""
        view = memoryview(data)
        try:
            while view:
                view = view[self._stream.write(view) or 0 :]
        except BrokenPipeError:
            raise
        except OSError as error:
            self._take_back(len(data) - len(view))
            reason = error.strerror or str(error)
            raise OutputFailed(path=self._name, reason=reason) from error

    def flush(self) -> None:
        """Do nothing: what was written is out."""

    def _take_back(self, torn: int) -> None:
        """Cut the last `torn` bytes off a file that nobody else has written to since."""
        with suppress(OSError):
            end = self._stream.seek(0, os.SEEK_CUR)
            if torn and self._stream.seek(0, os.SEEK_END) == end:
                self._stream.truncate(end - torn)
                self._stream.seek(end - torn)


class NoOutput:
    """Takes everything and shows nothing: `-q`."""

    def write(self, data: bytes, /) -> None:
        """Drop `data`."""

    def flush(self) -> None:
        """Do nothing."""
