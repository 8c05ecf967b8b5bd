"""The ranges that the numbers a guard is given have to be in."""

from __future__ import annotations

from seaguard_cli import defaults
from seaguard_cli.errors import UsageError


def require_shares(**shares: float) -> None:
    """Raise UsageError for a number outside [0, 1]; each is told by its name."""
    for name, value in shares.items():
        if not 0 <= value <= 1:
            raise UsageError(problem=f"{name} is {value}", remedy="give a number from 0 to 1")


def require_threads(threads: int | None) -> None:
    """Raise UsageError for a number of threads that llama.cpp cannot take."""
    if threads is not None and not 1 <= threads <= defaults.MOST_THREADS:
        remedy = f"give a number from 1 to {defaults.MOST_THREADS}"
        raise UsageError(problem=f"threads is {threads}", remedy=remedy)


def require_windows(
    window: int | None, overlap: int | None, most: int | None, ctx: int | None
) -> None:
    """Raise UsageError for windows that cannot be, alone or beside one another and the context."""
    longest = defaults.MAX_WINDOW if window is None else window
    for wrong, problem, remedy in (
        (longest < 1, f"the window is {window} tokens", "give --max-window 1 or more"),
        (
            window is not None and ctx is not None and window > ctx,
            f"a window of {window} tokens does not go into a context of {ctx}",
            "raise --ctx, or lower --max-window",
        ),
        (
            overlap is not None and not 0 <= overlap <= longest // 2,
            f"windows of {longest} tokens cannot overlap by {overlap}",
            "give --overlap at most half of --max-window",
        ),
        (most is not None and most < 1, f"{most} windows are none", "give --max-windows 1 or more"),
    ):
        if wrong:
            raise UsageError(problem=problem, remedy=remedy)
