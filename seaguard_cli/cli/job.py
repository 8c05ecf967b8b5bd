"""What a command comes to once its arguments are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seaguard_cli.cli.environment import Environment
from seaguard_cli.exits import Exit


@dataclass(frozen=True, slots=True)
class Job:
    """Work to do after Typer is done, which would take a broken pipe for its own affair.

    `debug` asks for the traceback of a bug. `interruptible` says that it minds Ctrl-C itself, once
    it has anything to put in order.
    """

    run: Callable[[Environment], Exit]
    debug: bool = False
    interruptible: bool = False
