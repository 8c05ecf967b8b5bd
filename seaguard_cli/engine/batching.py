"""Prompts to batches, each as full as it can be; what cannot be encoded keeps its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from seaguard_cli.engine.packing import Batch, Ids
from seaguard_cli.engine.protocol import Flush
from seaguard_cli.errors import Failure
from seaguard_cli.prompt import Prompt
from seaguard_cli.verdict import Score


@dataclass(slots=True)
class Filled:
    """A batch, and by their places among its items the prompts that could not be encoded."""

    batch: Batch | None = None
    failures: dict[int, Failure] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.failures) + (len(self.batch.items) if self.batch else 0)

    def outcomes(
        self, judge: Callable[[Batch], Sequence[Score | Failure]]
    ) -> Iterator[Score | Failure]:
        """Give the outcomes of all prompts, in order; `judge` gives those of the items."""
        judged = iter(judge(self.batch) if self.batch else ())
        for at in range(len(self)):
            yield self.failures[at] if at in self.failures else next(judged)


def in_batches(
    prompts: Iterable[Prompt | Flush],
    encode: Callable[[Prompt], Ids | Failure],
    new: Callable[[Prompt], Batch],
) -> Iterator[Filled | Flush]:
    """Give one batch after another, as soon as the next prompt does not go into it.

    A flush mark closes the batch before it, and is passed on.
    """
    filled = Filled()
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
