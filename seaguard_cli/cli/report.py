"""Standard error: notes and errors, in one voice and one form."""

from __future__ import annotations

from seaguard_cli.cli.environment import Environment
from seaguard_cli.records.literal import literal

_RED, _YELLOW, _PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[0m"
_TO_THE_END = "\x1b[K"


class Report:
    """Tells a person what happens beside the data; nothing of it is ever interpreted."""

    def __init__(self, environment: Environment, *, quiet: bool = False) -> None:
        self._stream = environment.stderr
        self._terminal = environment.stderr_terminal
        self._colour = environment.stderr_terminal and environment.colour
        self._quiet = quiet
        self._told: set[str] = set()
        self._line = ""

    def note(self, sentence: str) -> None:
        """Tell something that a quiet run leaves out."""
        if not self._quiet:
            self._tell("", sentence)

    def warn(self, sentence: str) -> None:
        """Tell, once, something to look at that a quiet run leaves out."""
        if not self._quiet and sentence not in self._told:
            self._told.add(sentence)
            self._tell(_YELLOW, f"warning: {sentence}")

    def error(self, sentence: str) -> None:
        """Tell why the run ends, or what it could not do."""
        self._tell(_RED, f"error: {sentence}")

    @property
    def has_line(self) -> bool:
        """Tell whether there is a line to rewrite: on a terminal, and not in a quiet run."""
        return self._terminal and not self._quiet

    def line(self, text: str, width: int) -> None:
        """Rewrite the last line with what is so now, cut to `width` cells; nothing takes it back.

        Whatever else is told goes above it.
        """
        if self.has_line and (text or self._line):
            self._line = literal(text)[: width - 1]
            self._put(f"\r{self._line}{_TO_THE_END}")

    def page(self, text: str) -> None:
        """Show what is laid out already, such as the help."""
        self._write(text)

    def traceback(self, text: str) -> None:
        """Show the lines of a traceback."""
        self._write(_lines(text))

    def _tell(self, colour: str, sentence: str) -> None:
        text = _lines(sentence)
        if self._colour and colour:
            kind, _, rest = text.partition(":")
            text = f"{colour}{kind}:{_PLAIN}{rest}"
        self._write(f"seaguard: {text}\n")

    def _write(self, text: str) -> None:
        if self._line:
            text = f"\r{_TO_THE_END}{text}{self._line}"
        self._put(text)

    def _put(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            # Standard error is closed or full: there is no one left to tell.
            return


def _lines(text: str) -> str:
    """Give our own lines as they are, with nothing else in them that a terminal would act on."""
    return "\n".join(map(literal, text.split("\n")))
