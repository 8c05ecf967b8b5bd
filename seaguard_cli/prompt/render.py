"""One user turn, in segments: the wrapper is trusted, instruction and text are not.

Instruction and text are one segment because the tokens must equal those of training, where both
were tokenised as one string: a merge may cross the place where they meet.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from seaguard_cli.verdict import Item, Task

Normalisation = Literal["NFC", "NFD", "NFKC", "NFKD"]

_PLACEHOLDER = re.compile(r"\{(prompt|response)\}")


@dataclass(frozen=True, slots=True)
class Family:
    """How a model family wraps one user turn, and which control tokens that takes.

    `normalise` is the Unicode form that its tokenizer brought training texts into, if any:
    llama.cpp normalises nothing, and decomposed letters would become tokens never trained on.
    """

    name: str
    marker: str
    control: tuple[str, ...]
    before: str
    after: str
    normalise: Normalisation | None = None


@dataclass(frozen=True, slots=True)
class Instruction:
    """The content of the user turn for each task, with {prompt} and {response} for the texts."""

    prompt: str
    response: str

    def template(self, task: Task) -> str:
        """Give the template of `task`."""
        return self.prompt if task == "prompt" else self.response


@dataclass(frozen=True, slots=True)
class VerdictWords:
    """The two words that a guard answers with, as its vocabulary spells them."""

    safe: str
    unsafe: str


class Segment(NamedTuple):
    """A piece of a prompt. In a trusted one control tokens count, in another they are text."""

    text: str
    trusted: bool


class Prompt(NamedTuple):
    """The segments of one item, in order, and the head that all items of its task begin with.

    `head` counts the characters of the untrusted segment that stand before the item's own text.
    """

    segments: tuple[Segment, Segment, Segment]
    head: int

    @property
    def turn(self) -> str:
        """Give the content of the user turn: what a chat API is sent."""
        return self.segments[1].text


def render(item: Item, family: Family, instruction: Instruction) -> Prompt:
    """Give the prompt of `item`: paper, figure 23, in the wrapper of the model's family."""
    first, rest = _layout(instruction.template(item.task))
    turn = first
    for name, after in rest:
        turn += (item.prompt if name == "prompt" else item.response or "") + after
    if family.normalise:
        turn = unicodedata.normalize(family.normalise, turn)
    segments = (Segment(family.before, True), Segment(turn, False), Segment(family.after, True))
    return Prompt(segments, len(first))


@lru_cache(maxsize=64)
def _layout(template: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Give what comes before the first text, and each text's name with what comes after it.

    The texts are put between, in one pass: a placeholder that stands in a text stays as it is.
    """
    first, *rest = _PLACEHOLDER.split(template)
    return first, tuple(zip(rest[::2], rest[1::2], strict=True))
