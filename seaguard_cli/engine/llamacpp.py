"""The engine in this process: llama.cpp through its C API, nothing generated.

The head that all items of a task share is decoded once into sequence 0. Items are packed as
sequences of one batch, each beginning with as much of the head as its own tokens equal, and
logits are read at each item's last token only.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from seaguard_cli.engine.batching import Fillable, Filled, in_batches
from seaguard_cli.engine.cancellation import Cancellation
from seaguard_cli.engine.decoder import Decoder, PackedDecoder
from seaguard_cli.engine.exact import ExactDecoder
from seaguard_cli.engine.facts import Machine, Situation
from seaguard_cli.engine.family import choose_family
from seaguard_cli.engine.fingerprint import fingerprint
from seaguard_cli.engine.grammar import find_verdicts, require_admitted
from seaguard_cli.engine.heads import Heads, KeptStates
from seaguard_cli.engine.lanes import MOST_TOGETHER, MOST_TOKENS
from seaguard_cli.engine.library import device_lines, importing_meanwhile
from seaguard_cli.engine.machine import devices_in, machine_here
from seaguard_cli.engine.packing import Batch, Ids, LoneBatch
from seaguard_cli.engine.plan import EXACT_UBATCH, Plan, make_plan
from seaguard_cli.engine.protocol import EngineOptions, Flush, Outcomes
from seaguard_cli.engine.session import DoesNotFit, LoadedModel
from seaguard_cli.engine.thread import DecodeThread
from seaguard_cli.engine.vocabulary import Vocabulary
from seaguard_cli.errors import (
    DecodeFailed,
    DeviceMissing,
    Failure,
    FailureCode,
    Interrupted,
    WindowTooLarge,
)
from seaguard_cli.prompt import LONGEST_TOKEN, Family, Prompt, VerdictWords
from seaguard_cli.verdict import Score

B = TypeVar("B", bound=Fillable)

_log = logging.getLogger(__name__)

# A context of more tokens than a full batch of short texts takes.
_LARGE = 1536


class LlamaEngine:
    """Scores prompts with the GGUF at `path`; `family` is how it wraps a turn.

    `heads` keeps between processes what these weights make of the heads of prompts.
    Raises WeightsError when the file is no usable guard, EngineError when it does not open, and
    WindowTooLarge.
    """

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
        heads: KeptStates | None = None,
    ) -> None:
        began = time.monotonic()
        with ExitStack() as undo:
            plan = plan_here(options, situation)
            self._thread = DecodeThread(cancellation)
            undo.callback(self._thread.close)
            with importing_meanwhile("numpy", "importlib.metadata"):
                load = partial(LoadedModel, path, plan, cancellation)
                model = self._thread.run(load, LoadedModel.close)
            undo.callback(model.close)
            self.plan = _fitted(plan, options, model, situation.label or path.stem)
            self.vocabulary = Vocabulary(model.vocabulary)
            self.family = choose_family(self.vocabulary, families, family, path=str(path))
            self.vocabulary.reserve(self.family)
            self.verdicts = find_verdicts(self.vocabulary, spellings, path=str(path))
            require_admitted(model.vocabulary, self.verdicts, path=str(path))
            way = fingerprint(self.plan, self.family, self.verdicts)
            packed, exact = Heads(way.packed, heads), Heads(way.exact, heads)
            self._packed = PackedDecoder(model, self.plan, self.verdicts, packed)
            self._exact = ExactDecoder(model, self.plan.exact(), self.verdicts, exact)
            undo.callback(self._packed.close)
            undo.callback(self._exact.close)
            # Nothing is freed that it still works with, whatever has become of its caller.
            undo.callback(self._thread.close)
            self._close = undo.pop_all()
        _log.info("%s loaded in %.2f s, %s", path, time.monotonic() - began, self.family.name)
        _log.info("the plan: %s", self.plan)
        self._heads: dict[str, list[int]] = {}

    @property
    def device(self) -> str:
        """Give where it runs: the accelerator by its name, or the CPU and its threads."""
        if self.plan.on_gpu:
            return f"GPU ({devices_in(device_lines()) or 'chosen by llama.cpp'})"
        threads = self.plan.threads
        return f"CPU, {threads} thread{'' if threads == 1 else 's'}"

    @property
    def words(self) -> VerdictWords:
        """Give the two words that the model answers with."""
        return self.verdicts.words

    @property
    def window(self) -> int:
        """Give the tokens of the longest prompt that it takes."""
        return self.plan.window

    def count(self, prompt: Prompt) -> int:
        """Give a prompt's tokens. Raises ItemFailed for a lone surrogate."""
        return self.vocabulary.count(prompt)

    def score(self, prompts: Iterable[Prompt | Flush]) -> Iterator[Outcomes | Flush]:
        """Give one outcome a prompt, in order; see `Engine.score`."""
        batches = in_batches(prompts, self._encode, self._new_batch)
        return self._judged(batches, self._packed_scores)

    def score_alone(self, prompts: Iterable[Prompt | Flush]) -> Iterator[Outcomes | Flush]:
        """Do as `score`, each prompt as if alone in its batch; see `Engine.score_alone`."""
        batches = in_batches(prompts, self._encode, self._new_lone_batch)
        return self._judged(batches, self._lone_scores)

    def close(self) -> None:
        """Free context and weights, in that order; may be called again."""
        self._close.close()

    def _encode(self, prompt: Prompt) -> list[int] | Failure:
        limit = self.plan.ctx
        least = len(prompt.turn) // LONGEST_TOKEN
        if least > limit:
            return Failure(FailureCode.TOO_LONG, {"tokens": f"over {least}", "limit": limit})
        try:
            ids = self.vocabulary.encode(prompt)
        except UnicodeEncodeError:
            return Failure(FailureCode.NOT_TEXT, {"found": "a lone surrogate"})
        if len(ids) > limit:
            return Failure(FailureCode.TOO_LONG, {"tokens": len(ids), "limit": limit})
        return ids

    def _head(self, prompt: Prompt) -> list[int]:
        """Give the head of the prompt's task, found once."""
        fixed = prompt.turn[: prompt.head]
        if fixed not in self._heads:
            self._heads[fixed] = self.vocabulary.head(prompt)
        return self._heads[fixed]

    def _new_batch(self, prompt: Prompt) -> Batch:
        plan, head = self.plan, self._head(prompt)
        return Batch(head, tokens=plan.batch, ctx=plan.ctx, sequences=plan.sequences)

    def _new_lone_batch(self, prompt: Prompt) -> LoneBatch:
        return LoneBatch(self._head(prompt), tokens=MOST_TOKENS, items=MOST_TOGETHER)

    def _judged(
        self, batches: Iterator[Filled[B] | Flush], scores: Callable[[B], Outcomes]
    ) -> Iterator[Outcomes | Flush]:
        """Give the outcomes of batches, in order; the next is filled while one is decoded."""

        def judge(filled: Filled[B]) -> Outcomes:
            try:
                return filled.outcomes(scores)
            except Interrupted:
                # A decode that was cut off leaves in its context what nobody knows.
                self._packed.release()
                self._exact.release()
                raise

        return self._thread.judged(batches, judge)

    def _packed_scores(self, batch: Batch) -> Outcomes:
        return self._together(batch.items, batch.head, batch.leaves)

    def _lone_scores(self, batch: LoneBatch) -> Outcomes:
        return self._alone(batch.items, batch.head)

    def _together(self, items: Sequence[Ids], head: Ids, leaves: int) -> list[Score | Failure]:
        """Score items in one batch; what does not fit, or fails, is tried again in halves.

        A single item is judged alone at once, unless it is so long that this is much slower.
        """
        if len(items) == 1 and len(items[0]) <= EXACT_UBATCH:
            return self._alone(items, head)
        self._make_room(items, self._exact)
        try:
            return self._packed.together(items, head, leaves=leaves)
        except (DoesNotFit, DecodeFailed):
            if len(items) == 1:
                return self._alone(items, head)
            middle = len(items) // 2
            first = self._together(items[:middle], head, 0)
            return first + self._together(items[middle:], head, leaves)

    def _alone(self, items: Sequence[Ids], head: Ids) -> list[Score | Failure]:
        self._make_room(items, self._packed)
        scores = self._exact.scores(items, head)
        return [one if isinstance(one, Failure) else replace(one, exact=True) for one in scores]

    def _make_room(self, items: Sequence[Ids], other: Decoder) -> None:
        """Close the other context where two, one of them large, would take too much memory."""
        if other.open_tokens > _LARGE or any(len(ids) > EXACT_UBATCH for ids in items):
            other.release()


class Tokenizer(NamedTuple):
    """A GGUF's vocabulary, the family of its prompts, and the tokens of the longest one."""

    vocabulary: Vocabulary
    family: Family
    window: int


def plan_here(options: EngineOptions, situation: Situation) -> Plan:
    """Give the plan for `options` on this machine.

    Raises DeviceMissing, ModelDoesNotFit, WindowTooLarge and WindowDoesNotFit.
    """
    machine = machine_here()
    if options.device == "gpu" and not machine.gpus:
        raise DeviceMissing(device=options.device, maker="", install="")
    return make_plan(options, machine, situation)


@contextmanager
def opened_vocabulary(
    path: Path,
    options: EngineOptions = EngineOptions(),  # noqa: B008  # frozen
    *,
    families: Mapping[str, Family],
    family: str | None,
    label: str = "",
) -> Iterator[Tokenizer]:
    """Give the tokenizer of the GGUF at `path`, without loading the weights.

    Raises WindowTooLarge, which calls the model by its `label`, or by the file's stem.
    """
    plan = make_plan(replace(options, device="cpu"), Machine(1))
    model = LoadedModel(path, plan, Cancellation(), vocabulary_only=True)
    try:
        vocabulary = Vocabulary(model.vocabulary)
        chosen = choose_family(vocabulary, families, family, path=str(path))
        vocabulary.reserve(chosen)
        fitted = _fitted(plan, options, model, label or path.stem)
        yield Tokenizer(vocabulary, chosen, fitted.window)
    finally:
        model.close()


def _fitted(plan: Plan, options: EngineOptions, model: LoadedModel, label: str) -> Plan:
    """Fit the plan to what the model was trained with. Raises WindowTooLarge."""
    asked, trained = options.max_window, model.trained_ctx
    if asked is not None and trained and asked > trained:
        raise WindowTooLarge(window=asked, trained=trained, model=label)
    return plan.fitted(trained)
