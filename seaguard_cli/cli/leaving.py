"""Ctrl-C before a command has begun: nothing is half done, so the process leaves at once.

An exception would come up anywhere within an import, and Python turns some of those into others.
"""

from __future__ import annotations

import os
import signal
from types import FrameType

_INTERRUPTED = 130


def leave_at_once() -> None:
    """Let Ctrl-C end this process, as long as nobody has said otherwise."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


def raise_again() -> None:
    """Let Ctrl-C be a KeyboardInterrupt again: from now on there is something to put in order."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(_INTERRUPTED)
