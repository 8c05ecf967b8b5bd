"""How long the network is given: how often something is tried again, and after which wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Times in seconds. `tries` counts the first one too.

    Without any connection fewer tries are worth it: the person at the shell is waiting.
    `longest_asked` bounds what a server may ask for with Retry-After.
    """

    tries: int = 5
    tries_to_connect: int = 3
    first_wait: float = 1
    longest_wait: float = 16
    longest_asked: float = 90
    connecting: float = 10
    reading: float = 30
    sleep: Callable[[float], None] = time.sleep

    def wait(self, failed: int) -> None:
        """Wait after the `failed`th failure in a row, each time twice as long."""
        self.sleep(min(self.longest_wait, self.first_wait * 2 ** (failed - 1)))


usual = Patience()
