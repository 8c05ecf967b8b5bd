"""One flag that ends long work early, wherever it runs."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

from seaguard_cli.errors import Interrupted


class Cancellation:
    """Asked for from a signal handler or another thread; looked at by whoever works long.

    While llama.cpp runs, a Python exception could not leave its callbacks: the flag is all that
    it sees, and it stops at the next node of its graph.
    """

    def __init__(self) -> None:
        # Empty until it is asked for, and then of one byte: C reads it, too.
        self._word = ctypes.create_string_buffer(2)
        self._for_good = False
        self._in_library = False

    @property
    def requested(self) -> bool:
        """Tell whether the end was asked for."""
        return bool(self._word.value)

    @property
    def address(self) -> int:
        """Give where the flag lies: a C string, empty until the end is asked for."""
        return ctypes.addressof(self._word)

    def request(self) -> bool:
        """Ask for the end. Tell whether llama.cpp is running, and will stop by itself."""
        self._for_good = True
        self._word.value = b"!"
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

    @contextmanager
    def hurrying(self) -> Iterator[None]:
        """Ask for the end of what runs now, until the block ends."""
        self._word.value = b"!"
        try:
            yield
        finally:
            self._word.value = b""
            # Looked at last, for it may be asked for in good earnest at any moment.
            if self._for_good:
                self._word.value = b"!"

    def require_going_on(self) -> None:
        """Raise Interrupted once the end was asked for."""
        if self.requested:
            raise Interrupted
