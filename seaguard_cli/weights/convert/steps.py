"""The steps of a conversion as pieces of work that a line of progress tells one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from seaguard_cli.weights.convert.results import Step
from seaguard_cli.weights.progress import Progress


@contextmanager
def steps_on(line: Progress) -> Iterator[Callable[[Step], None]]:
    """Give what `convert` is to call, and end the line's last piece of work afterwards."""
    begun: set[tuple[str, str]] = set()

    def at(step: Step) -> None:
        if (step.quant, step.doing) not in begun:
            begun.add((step.quant, step.doing))
            line.end()
            unit = "tensors" if step.doing == "quantising" else None
            line.begin(f"{step.doing} {step.quant}", step.total, unit=unit)
        line.at(step.done)

    try:
        yield at
    finally:
        line.end()
