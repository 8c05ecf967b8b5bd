"""Everything of the process that a command touches, passed in so that a test can stand in."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, TextIO

_WIDTH_WITHOUT_TERMINAL = 80


@dataclass(frozen=True, slots=True)
class Environment:
    """The streams, whether each is a terminal, the variables and the arguments.

    `stdin` and `stdout` carry bytes; `stderr` is text in UTF-8.
    """

    arguments: Sequence[str]
    variables: Mapping[str, str]
    stdin: BinaryIO
    stdout: BinaryIO
    stderr: TextIO
    stdin_terminal: bool
    stdout_terminal: bool
    stderr_terminal: bool

    @property
    def colour(self) -> bool:
        """Tell whether colour is welcome on a terminal (no-color.org; a dumb one has none)."""
        return not self.variables.get("NO_COLOR") and self.variables.get("TERM") != "dumb"

    @property
    def width(self) -> int:
        """Give the terminal's width in cells."""
        columns = self.variables.get("COLUMNS", "")
        if columns.isascii() and columns.isdigit() and int(columns):
            return int(columns)
        try:
            return os.get_terminal_size(self.stdout.fileno()).columns or _WIDTH_WITHOUT_TERMINAL
        except (OSError, ValueError):
            return _WIDTH_WITHOUT_TERMINAL

    @property
    def config_file(self) -> Path:
        """Give where the person's `config.toml` would lie."""
        from platformdirs import user_config_path

        return user_config_path("seaguard", appauthor=False) / "config.toml"


def process_environment(arguments: Sequence[str]) -> Environment:
    """Give this process's environment, its streams in UTF-8 whatever the locale says."""
    _occupy_closed()
    return Environment(
        arguments=arguments,
        variables=os.environ,
        # Unbuffered: a thread that still waits in a buffered reader aborts the interpreter's exit.
        stdin=_raw(0, "rb"),
        stdout=_raw(1, "wb"),
        stderr=_told(),
        stdin_terminal=_is_terminal(0),
        stdout_terminal=_is_terminal(1),
        stderr_terminal=_is_terminal(2),
    )


def _occupy_closed() -> None:
    """Take the place of standard streams that were closed (`<&-`), before a file of ours does.

    A closed input is empty, what is told goes nowhere, and a closed output takes no data.
    """
    for descriptor, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, flags)


def _raw(descriptor: int, mode: str) -> BinaryIO:
    return open(descriptor, mode, buffering=0, closefd=False)  # type: ignore[return-value]


def _told() -> TextIO:
    """Give standard error in UTF-8, with nothing held back that could fail when Python ends."""
    raw = _raw(2, "wb")
    return TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True)


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False
