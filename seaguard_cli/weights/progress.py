"""Who is told how far a long work is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told how far a long work is."""

    def begin(self, what: str, total: int, *, unit: str | None = None) -> None:
        """Begin one piece of work of `total` bytes, or of what `unit` names."""

    def at(self, done: int) -> None:
        """Tell how much of it is done."""

    def end(self) -> None:
        """End it, if one was begun."""
