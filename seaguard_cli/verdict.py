"""What is judged and what comes of it: the words that every other module speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Label = Literal["safe", "unsafe"]
Task = Literal["prompt", "response"]


@dataclass(frozen=True, slots=True)
class Item:
    """What is judged: a prompt, or a prompt with the response to it (either may be empty)."""

    prompt: str
    response: str | None = None

    @property
    def task(self) -> Task:
        """`response` when there is a response to classify, else `prompt`."""
        return "prompt" if self.response is None else "response"


@dataclass(frozen=True, slots=True)
class Score:
    """What an engine measured for one item.

    `unsafe` is P(unsafe), float64 in [0, 1], the softmax over the two verdict tokens' logits.
    `mass` is the probability in [0, 1] that the whole vocabulary's softmax gives to those two
    tokens together. `exact` tells that no neighbour in a batch can have moved it.
    """

    unsafe: float
    mass: float
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement: the label, the unrounded score it was decided on, and how it came about.

    `score` is P(unsafe) as float64, or None where an engine states a label alone.
    `model` is name:QUANT, or the file's stem for a path. `low_mass` says that the two verdict
    tokens held less than half of the probability, so that model or prompt is doubtful.
    """

    label: Label
    score: float | None
    threshold: float
    task: Task
    model: str
    low_mass: bool = False
