"""Ctrl-C: the first stops the work soon, a second leaves at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Protocol

from seaguard_cli.exits import Exit


class Cancellable(Protocol):
    """Work that can be asked to end."""

    def cancel(self) -> bool:
        """Ask for the end with Interrupted; tell whether it will come by itself."""
        ...


class Hold:
    """A block that Ctrl-C does not cut in two: KeyboardInterrupt waits for its end."""

    def __init__(self) -> None:
        self._held = False
        self._asked = False

    def __enter__(self) -> None:
        self._held = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held = False
        if self._asked:
            raise KeyboardInterrupt

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt, now or at the end of the block."""
        self._asked = True
        if not self._held:
            raise KeyboardInterrupt


@contextmanager
def interruptible(work: Cancellable) -> Iterator[Hold]:
    """Let Ctrl-C end the work while the block runs, by Interrupted or KeyboardInterrupt.

    While llama.cpp runs an exception could not get out of its callbacks, so it is only asked to
    stop; anywhere else KeyboardInterrupt is raised as usual, and within the Hold at its end.
    """
    hold = Hold()
    # A shell starts a background job with Ctrl-C ignored, and it should stay so.
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored or threading.current_thread() is not threading.main_thread():
        yield hold
        return
    asked = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            os._exit(Exit.INTERRUPTED)
        asked = True
        if not work.cancel():
            hold.interrupt()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield hold
    finally:
        signal.signal(signal.SIGINT, before)
