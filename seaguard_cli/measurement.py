"""What was measured for one item: its pieces are gathered as they come, and the worst decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from seaguard_cli.errors import Failure
from seaguard_cli.prompt import Piece
from seaguard_cli.verdict import Score, Window


class Finding(NamedTuple):
    """The score of an item: that of its worst piece, the first among equals.

    `windows` pieces were measured; the other fields are that piece's own, see `Piece`.
    """

    score: Score
    windows: int = 1
    window: Window | None = None
    kept: Window | None = None
    truncated: bool = False


@dataclass(slots=True)
class Measurement:
    """What was measured for one item; `outcome` is None as long as it is not known.

    `key` is the item's in the memory. `run` is whoever measures it: another must not wait for
    what may never come. `worst` is the highest of the scores taken so far.
    """

    outcome: Finding | Failure | None = None
    run: object = None
    key: bytes = b""
    worst: Score | None = None
    _window: Window | None = None
    _taken: int = 0

    def take(self, piece: Piece, measured: Score | Failure) -> None:
        """Take the outcome of the item's next piece. The first failure is the item's own."""
        if self.outcome is not None:
            return
        if isinstance(measured, Failure):
            self.outcome = measured
            return
        self._taken += 1
        if self.worst is None or measured.unsafe > self.worst.unsafe:
            self.worst, self._window = measured, piece.window
        if piece.last:
            self.outcome = Finding(
                self.worst, self._taken, self._window, piece.kept, piece.truncated
            )
