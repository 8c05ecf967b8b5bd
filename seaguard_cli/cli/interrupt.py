"""Ctrl-C: the first stops the work soon, a second leaves at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from seaguard_cli.exits import Exit
from seaguard_cli.guard import Guard


@contextmanager
def interruptible(guard: Guard) -> Iterator[None]:
    """Let Ctrl-C end the guard's work while the block runs, by Interrupted or KeyboardInterrupt.

    While llama.cpp runs an exception could not get out of its callbacks, so it is only asked to
    stop; anywhere else KeyboardInterrupt is raised as usual.
    """
    # A shell starts a background job with Ctrl-C ignored, and it should stay so.
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored or threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            os._exit(Exit.INTERRUPTED)
        asked = True
        if not guard.cancel():
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
