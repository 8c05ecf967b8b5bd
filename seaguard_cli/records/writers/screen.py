"""A terminal behind a writer that passes input on."""

from __future__ import annotations

from seaguard_cli.records.literal import literal

from .base import Sink


class Screen:
    """A sink that shows as escapes what a terminal would act on, line feeds excepted."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def write(self, data: bytes, /) -> None:
        """Show `data`; bytes that are not UTF-8 are shown as escapes too."""
        lines = data.decode("utf-8", "backslashreplace").split("\n")
        self._sink.write("\n".join(map(literal, lines)).encode())

    def flush(self) -> None:
        """Pass on what was shown."""
        self._sink.flush()
