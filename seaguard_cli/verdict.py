"""What is judged and what comes of it: the words that every other module speaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Label = Literal["safe", "unsafe"]
Task = Literal["prompt", "response"]
Role = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class Item:
    """What is judged: a prompt, or a prompt with the response to it (either may be empty).

    `fields` are what its two texts are called where they come from: a verdict names a part of one
    of them by that. Items are equal whatever their texts are called.
    """

    prompt: str
    response: str | None = None
    fields: tuple[str, str] = field(default=("prompt", "response"), compare=False)

    @property
    def task(self) -> Task:
        """`response` when there is a response to classify, else `prompt`."""
        return "prompt" if self.response is None else "response"


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of a conversation that is judged: where it stands among the messages, from 0."""

    index: int
    role: Role
    item: Item


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns that are judged one by one, at least one; the worst decides."""

    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """What an engine measured for one prompt.

    `unsafe` is P(unsafe), float64 in [0, 1], the softmax over the two verdict tokens' logits.
    `mass` is the probability in [0, 1] that the whole vocabulary's softmax gives to those two
    tokens together. `exact` tells that no neighbour in a batch can have moved it.
    """

    unsafe: float
    mass: float
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a text: the code points [start, end) of the field, as it came."""

    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement: the label, the unrounded score it was decided on, and how it came about.

    `score` is P(unsafe) as float64, or None where an engine states a label alone.
    `model` is name:QUANT, or the file's stem for a path. `low_mass` says that the two verdict
    tokens held less than half of the probability, so that model or prompt is doubtful.

    A text that was too long for one prompt was judged in `windows` windows, and `window` is the
    worst of them, whose score this is; None if it was judged whole. `truncated` says that a cap on
    windows left the rest of it unjudged. `kept` is what the model was given of the shorter text of
    a pair if it had to be cut. `turns` are those of a conversation that was judged turn by turn.
    """

    label: Label
    score: float | None
    threshold: float
    task: Task
    model: str
    low_mass: bool = False
    windows: int = 1
    window: Window | None = None
    truncated: bool = False
    kept: Window | None = None
    turns: tuple[TurnVerdict, ...] = ()


@dataclass(frozen=True, slots=True)
class TurnVerdict:
    """What came of one turn of a conversation."""

    index: int
    role: Role
    verdict: Verdict


def worst(verdicts: Sequence[Verdict]) -> int:
    """Give where the verdict stands that decides: the first of those with the highest score."""
    weights = [(one.label == "unsafe", one.score or 0.0) for one in verdicts]
    return weights.index(max(weights))
