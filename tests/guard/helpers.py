"""An engine that does as the texts say, and notes what it was asked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from seaguard_cli.engine import FLUSH, Cancellation, EngineOptions, Flush, Outcomes
from seaguard_cli.engine.facts import Situation
from seaguard_cli.errors import Failure, FailureCode
from seaguard_cli.prompt import Family, Prompt, VerdictWords
from seaguard_cli.verdict import Item, Score


def scoring(
    packed: float,
    alone: float | None = None,
    *,
    mass: float = 1.0,
    exact: bool = False,
    nr: int = 0,
) -> Item:
    """An item that scores `packed` in a batch and `alone` (if given) alone."""
    said = {"packed": packed, "alone": packed if alone is None else alone, "mass": mass}
    return Item(json.dumps(said | {"exact": exact, "nr": nr}))


def failing(code: FailureCode = FailureCode.ENGINE, *, packed: float | None = None) -> Item:
    """An item that fails: in a batch, or only alone after it scored `packed`."""
    return Item(json.dumps({"packed": packed, "alone": None, "code": code, "mass": 1.0}))


class FakeEngine:
    """An engine that packs `batch` prompts at most."""

    device = "nowhere"
    words = VerdictWords("safe", "unsafe")

    def __init__(
        self,
        path: Path,
        options: EngineOptions,
        *,
        cancellation: Cancellation,
        families: Mapping[str, Family],
        family: str | None,
        spellings: Sequence[VerdictWords],
        situation: Situation = Situation(),  # noqa: B008  # frozen
        heads: object = None,
        batch: int = 4,
    ) -> None:
        self.family = families[family or "qwen"]
        self.spellings = spellings
        self.options = options
        self.situation = situation
        self.batches: list[list[str]] = []
        self.alone: list[str] = []
        self.rounds = 0
        self.closed = 0
        self.window = options.max_window or 2048
        self._batch = batch
        self._say = _words if "words" in path.stem else _outcome

    def count(self, prompt: Prompt) -> int:
        """Every word of the text is a token, and the instruction is none."""
        return len(prompt.turn[prompt.head :].split())

    def score(self, prompts: Iterable[Prompt | Flush]) -> Iterator[Outcomes | Flush]:
        """Score in batches, as the real one does: nothing comes before its batch is full."""
        waiting: list[str] = []
        for prompt in prompts:
            if isinstance(prompt, Flush):
                yield self._together(waiting)
                waiting = []
                yield FLUSH
                continue
            waiting.append(_text(prompt))
            if len(waiting) == self._batch:
                yield self._together(waiting)
                waiting = []
        yield self._together(waiting)

    def score_alone(self, prompts: Iterable[Prompt | Flush]) -> Iterator[Outcomes | Flush]:
        """Score one after another, and note each."""
        self.rounds += 1
        for prompt in prompts:
            if isinstance(prompt, Flush):
                yield prompt
                continue
            self.alone.append(_text(prompt))
            yield [self._say(_text(prompt), "alone", exact=True)]

    def close(self) -> None:
        """Note that it was closed."""
        self.closed += 1

    def _together(self, texts: list[str]) -> list[Score | Failure]:
        if texts:
            self.batches.append(texts)
        return [self._say(text, "packed") for text in texts]


def _text(prompt: Prompt) -> str:
    return prompt.turn[prompt.head :]


def _words(text: str, where: str, *, exact: bool = False) -> Score | Failure:
    """The highest number among the words; of 0.4/0.6 the first in a batch, and the second alone."""
    words = text.split()
    if "broken" in words:
        return Failure(FailureCode.ENGINE, {"problem": "it was asked to"})
    numbers = [word.partition("/") for word in words if word[:1].isdigit()]
    scores = [float(alone if slash and exact else packed) for packed, slash, alone in numbers]
    return Score(max(scores, default=0.01), 0.2 if "doubtful" in words else 1.0, exact)


def _outcome(text: str, where: str, *, exact: bool = False) -> Score | Failure:
    prompt, _, response = text.partition("\nAI assistant:")
    said = json.loads(prompt or response)
    if said[where] is None:
        return Failure(FailureCode(said["code"]), {"problem": "it was asked to"})
    return Score(said[where], said["mass"], exact or said.get("exact", False))
