"""Standard error: notes and errors, in one voice and one form."""

from __future__ import annotations

from seaguard_cli.cli.environment import Environment
from seaguard_cli.records.literal import literal

_RED, _YELLOW, _PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[0m"


class Report:
    """Tells a person what happens beside the data; nothing of it is ever interpreted."""

    def __init__(self, environment: Environment, *, quiet: bool = False) -> None:
        self._stream = environment.stderr
        self._colour = environment.stderr_terminal and environment.colour
        self._quiet = quiet
        self._told: set[str] = set()

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

    def _tell(self, colour: str, sentence: str) -> None:
        lines = [literal(line) for line in sentence.split("\n")]
        text = "\n".join(lines)
        if self._colour and colour:
            kind, _, rest = text.partition(":")
            text = f"{colour}{kind}:{_PLAIN}{rest}"
        try:
            self._stream.write(f"seaguard: {text}\n")
            self._stream.flush()
        except (OSError, ValueError):
            # Standard error is closed or full: there is no one left to tell.
            return
