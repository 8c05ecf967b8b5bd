"""One flag that ends long work early, wherever it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from seaguard_cli.errors import Interrupted


class Cancellation:
    """Asked for from a signal handler or another thread; looked at by whoever works long.

    While llama.cpp runs, a Python exception could not leave its callbacks: the flag is all that
    it sees, and it stops at the next node of its graph.
    """

    def __init__(self) -> None:
        self.requested = False
        self._in_library = False

    def request(self) -> bool:
        """Ask for the end. Tell whether llama.cpp is running, and will stop by itself."""
        self.requested = True
        return self._in_library

    @contextmanager
    def in_library(self) -> Iterator[None]:
        """Mark that llama.cpp runs. Raises Interrupted before it or after it, once asked for."""
        self._in_library = True
        try:
            self.require_going_on()
            yield
            self.require_going_on()
        finally:
            self._in_library = False

    def require_going_on(self) -> None:
        """Raise Interrupted once the end was asked for."""
        if self.requested:
            raise Interrupted
