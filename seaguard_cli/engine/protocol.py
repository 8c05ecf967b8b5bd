"""What every engine does, and what a person may ask of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal, Protocol

from seaguard_cli.errors import Failure
from seaguard_cli.prompt import Family, Prompt, Segment, VerdictWords
from seaguard_cli.verdict import Score

Device = Literal["auto", "cpu", "gpu"]
# What came of the prompts of one batch, in order.
Outcomes = Sequence[Score | Failure]


class Flush(Enum):
    """A mark in a stream: nothing more is ready now, so do not wait for a full batch."""

    FLUSH = "flush"


FLUSH = Flush.FLUSH


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What a person may set; None leaves it to the plan.

    `ctx` is the context in tokens, `gpu_layers` the number of layers on the GPU, `max_window` the
    tokens of the longest prompt that will be asked.
    """

    device: Device = "auto"
    threads: int | None = None
    gpu_layers: int | None = None
    ctx: int | None = None
    deterministic: bool = False
    max_window: int | None = None


@dataclass(frozen=True, slots=True)
class TokenSegment:
    """A segment of a prompt with the token ids that the model is given for it."""

    segment: Segment
    ids: tuple[int, ...]


class Front(Protocol):
    """What of an engine is to be had without its weights."""

    @property
    def family(self) -> Family:
        """How its model wraps a turn."""
        ...

    @property
    def words(self) -> VerdictWords:
        """The two words that its model answers with."""
        ...

    @property
    def window(self) -> int:
        """The tokens of the longest prompt that it takes."""
        ...

    def count(self, prompt: Prompt) -> int:
        """Give a prompt's tokens; not after it was closed. Raises ItemFailed."""
        ...

    def close(self) -> None:
        """Give everything back; may be called again."""


class Engine(Front, Protocol):
    """Turns prompts into scores. Opened by its constructor, closed by `close`."""

    @property
    def device(self) -> str:
        """Where it runs, in words."""
        ...

    def score(self, prompts: Iterable[Prompt | Flush]) -> Iterator[Outcomes | Flush]:
        """Give one outcome a prompt, in order, lazily: those of a batch as soon as it is done.

        A flush mark closes the batch before it and is passed on in its place. Raises EngineError
        when nothing more can be scored, and Interrupted once cancelled.
        """
        ...

    def score_alone(self, prompts: Iterable[Prompt | Flush]) -> Iterator[Outcomes | Flush]:
        """Do as `score`, each prompt scored as if it shared its batch with no other."""
        ...
