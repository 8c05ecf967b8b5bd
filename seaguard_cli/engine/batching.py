"""Prompts to batches, each as full as it can be; what cannot be encoded keeps its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, Protocol, Self, TypeVar

from seaguard_cli.engine.packing import Ids
from seaguard_cli.engine.protocol import Flush, Outcomes
from seaguard_cli.errors import Failure
from seaguard_cli.prompt import Prompt


class Fillable(Protocol):
    """A batch that is being filled."""

    items: list[Ids]

    def fits(self, ids: Ids) -> bool:
        """Tell whether an item still goes in."""
        ...

    def add(self, ids: Ids) -> None:
        """Take an item in."""

    def follow(self, before: Self, ids: Ids) -> None:
        """Come after `before`, an item of `ids` being the one that no longer went into it."""


B = TypeVar("B", bound=Fillable)


@dataclass(slots=True)
class Filled(Generic[B]):
    """A batch, and by their places among its items the prompts that could not be encoded."""

    batch: B | None = None
    failures: dict[int, Failure] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.failures) + (len(self.batch.items) if self.batch else 0)

    def outcomes(self, judge: Callable[[B], Outcomes]) -> Outcomes:
        """Give the outcomes of all prompts, in order; `judge` gives those of the items."""
        judged = iter(judge(self.batch) if self.batch else ())
        failures = self.failures
        return [failures[at] if at in failures else next(judged) for at in range(len(self))]


def in_batches(
    prompts: Iterable[Prompt | Flush],
    encode: Callable[[Prompt], Ids | Failure],
    new: Callable[[Prompt], B],
) -> Iterator[Filled[B] | Flush]:
    """Give one batch after another, as soon as the next prompt does not go into it.

    A flush mark closes the batch before it, and is passed on.
    """
    filled: Filled[B] = Filled()
    for prompt in prompts:
        if isinstance(prompt, Flush):
            if filled:
                yield filled
            filled = Filled()
            yield prompt
            continue
        ids = encode(prompt)
        if isinstance(ids, Failure):
            filled.failures[len(filled)] = ids
            continue
        batch = filled.batch
        if batch is None:
            batch = filled.batch = new(prompt)
        elif not batch.fits(ids):
            following = new(prompt)
            following.follow(batch, ids)
            yield filled
            filled, batch = Filled(following), following
        batch.add(ids)
    if filled:
        yield filled
