"""A sink as the file that pyarrow writes to."""

from __future__ import annotations

from seaguard_cli.errors import OutputFailed, OutputUnfinished

from .base import Sink


class ArrowFile:
    """Passes on what is written, until that fails once: what pyarrow writes afterwards is dropped.

    So nothing follows a torn row group. Raises OutputUnfinished for OutputFailed.
    """

    closed = False

    def __init__(self, sink: Sink) -> None:
        self.failed = False
        self._sink = sink
        self._written = 0

    def write(self, data: bytes, /) -> int:
        """Take all of `data`."""
        try:
            if not self.failed:
                self._sink.write(data)
        except OutputFailed as error:
            self.failed = True
            raise OutputUnfinished(**error.facts) from error
        except BaseException:
            self.failed = True
            raise
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        """Give how much was written."""
        return self._written

    def flush(self) -> None:
        """Pass on what was taken."""
        if not self.failed:
            self._sink.flush()

    def close(self) -> None:
        """Do nothing: the sink stays open."""
