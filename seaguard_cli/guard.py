"""`Guard`: items in, verdicts out. The only door to prompts, engines and weights."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, overload

from seaguard_cli import defaults
from seaguard_cli.engine import FLUSH, Cancellation, Engine, EngineOptions, Flush, TokenSegment
from seaguard_cli.errors import Failure, ItemFailed, UsageError
from seaguard_cli.memory import Measurement, Memory
from seaguard_cli.prompt import Instruction, Prompt, VerdictWords, render
from seaguard_cli.verdict import Item, Score, Task, Verdict
from seaguard_cli.weights import load_catalogue, locate

if TYPE_CHECKING:
    from seaguard_cli.cache import Cache

DEFAULT_INSTRUCTION = "sea-guard"
# Verdicts that are known wait for those before them; so many may wait before a batch is closed.
_MOST_WAITING = 4096
_LOW_MASS = 0.5

Outcome = Verdict | Failure


class Guard:
    """Judges items with one model, loaded once at the first use and closed on leaving.

    `model` is a name, name:QUANT or a path to a GGUF. `task` is how a lone text is judged:
    `response` takes it for the response to an empty prompt. `threshold` in [0, 1]: unsafe from
    there on. A packed score within `settle` of it is measured again alone; `deterministic`
    measures every item alone, with every numeric setting fixed. With a `cache` scores are kept
    between runs; True stands for the person's own.

    Raises UsageError and WeightsError when it is made, EngineError when it is used.
    """

    def __init__(
        self,
        model: str = defaults.MODEL,
        *,
        task: Task = "prompt",
        threshold: float = defaults.THRESHOLD,
        deterministic: bool = False,
        settle: float = defaults.SETTLE,
        family: str | None = None,
        device: Literal["auto", "cpu", "gpu"] = "auto",
        threads: int | None = None,
        gpu_layers: int | None = None,
        ctx: int | None = None,
        cache: Cache | bool = False,
    ) -> None:
        _require_share("threshold", threshold)
        _require_share("settle", settle)
        self._catalogue = load_catalogue()
        if family is not None and family not in self._catalogue.families:
            known = ", ".join(self._catalogue.families)
            raise UsageError(problem=f"there is no family {family!r}", remedy=f"known are {known}")
        self._weights = locate(model, self._catalogue)
        self._family = family or (self._weights.model.family if self._weights.model else None)
        self._options = EngineOptions(device, threads, gpu_layers, ctx, deterministic)
        self._task: Task = task
        self._threshold = threshold
        self._settle = settle
        self._engine: Engine | None = None
        self._loaded = False
        self._cache = cache
        self._cancellation = Cancellation()
        self._memory = Memory()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def model(self) -> str:
        """Give what verdicts call the model: name:QUANT, or the file's stem for a path."""
        return self._weights.label

    @property
    def demonstration(self) -> bool:
        """Tell whether the model is a demonstration and no moderator."""
        return self._weights.model is not None and self._weights.model.demonstration

    @property
    def loaded(self) -> bool:
        """Tell whether the model is loaded: it is not, before the first item that needs it."""
        return self._loaded

    @property
    def device(self) -> str:
        """Give where the model runs, in words; loads it."""
        return self._opened().device

    @property
    def unusual_verdicts(self) -> tuple[str, str] | None:
        """Give the verdict words when they are not those that SEA-Guard answers with; opens it."""
        words = self._opened().words
        usual = self._catalogue.verdicts[0]
        return None if words == usual else (words.safe, words.unsafe)

    def check(self, prompt: str, response: str | None = None) -> Verdict:
        """Judge a prompt, or the response to it. Raises ItemFailed when it cannot be judged."""
        alone = response is None and self._task == "response"
        item = Item("", prompt) if alone else Item(prompt, response)
        return next(self.stream([item]))

    @overload
    def stream(self, items: Iterable[Item | Flush]) -> Iterator[Verdict]: ...
    @overload
    def stream(
        self, items: Iterable[Item | Failure | Flush], *, errors: Literal["yield"]
    ) -> Iterator[Outcome]: ...
    def stream(
        self,
        items: Iterable[Item | Failure | Flush],
        *,
        errors: Literal["raise", "yield"] = "raise",
    ) -> Iterator[Outcome]:
        """Judge items lazily: one verdict each, in order, as soon as it is known.

        A `FLUSH` among the items closes the batch that is being filled. With `errors="yield"` an
        item that cannot be judged gives its Failure, and a Failure among the items keeps its
        place; else the first raises ItemFailed. Raises EngineError when the engine fails.
        """
        waiting: deque[tuple[Task, Measurement]] = deque()
        asked: deque[tuple[Prompt, Measurement]] = deque()
        for measured in self._measure(self._prompts(items, waiting, asked)):
            if not isinstance(measured, Flush):
                prompt, measurement = asked.popleft()
                measurement.outcome = self._settled(prompt, measured)
            while waiting and (outcome := waiting[0][1].outcome) is not None:
                verdict = self._verdict(waiting.popleft()[0], outcome)
                if errors == "raise" and isinstance(verdict, Failure):
                    raise ItemFailed(verdict)
                yield verdict

    def show(self, items: Iterable[Item]) -> Iterator[list[TokenSegment]]:
        """Give each item's segments with the token ids the model would get, without judging."""
        from seaguard_cli.engine.llamacpp import opened_vocabulary

        families = self._catalogue.families
        with opened_vocabulary(self._weights.path, families=families, family=self._family) as (
            vocabulary,
            family,
        ):
            for item in items:
                yield vocabulary.tokens(render(item, family, self._instruction))

    def cancel(self) -> bool:
        """Ask the work to end with Interrupted; safe in a signal handler and in any thread.

        Gives whether the model is at work, and will end by itself.
        """
        return self._cancellation.request()

    def close(self) -> None:
        """Give the model's memory back; may be called again."""
        if self._engine:
            self._engine.close()
            self._engine, self._loaded = None, False

    @property
    def _instruction(self) -> Instruction:
        name = self._weights.model.instruction if self._weights.model else DEFAULT_INSTRUCTION
        return self._catalogue.instructions[name]

    def _opened(self) -> Engine:
        if self._engine is None:
            self._engine = self._cached() if self._cache else self._load()
        return self._engine

    def _cached(self) -> Engine:
        """Give an engine that loads the model only for scores that the cache does not have."""
        from seaguard_cli.cache import Cache
        from seaguard_cli.engine.front import LlamaFront

        front = LlamaFront(
            self._weights.path,
            self._options,
            families=self._catalogue.families,
            family=self._family,
            spellings=self._spellings,
        )
        cache = self._cache if isinstance(self._cache, Cache) else Cache()
        return cache.around(front, self._load, self._weights.path)

    def _load(self) -> Engine:
        from seaguard_cli.engine.llamacpp import LlamaEngine

        engine = LlamaEngine(
            self._weights.path,
            self._options,
            cancellation=self._cancellation,
            families=self._catalogue.families,
            family=self._family,
            spellings=self._spellings,
        )
        self._loaded = True
        return engine

    @property
    def _spellings(self) -> Sequence[VerdictWords]:
        """Give the verdict words to look for."""
        model = self._weights.model
        # Of a file that a person has named in models.toml nothing more is known than of a path.
        known = model is not None and model.path is None
        return self._catalogue.verdicts[: 1 if known else None]

    def _prompts(
        self,
        items: Iterable[Item | Failure | Flush],
        waiting: deque[tuple[Task, Measurement]],
        asked: deque[tuple[Prompt, Measurement]],
    ) -> Iterator[Prompt | Flush]:
        """Give the prompts that have to be measured, and note what waits for which."""
        for item in items:
            if isinstance(item, Flush):
                yield item
                continue
            if isinstance(item, Failure):
                waiting.append(("prompt", Measurement(item)))
            else:
                measurement, new = self._memory.of(item, run=asked)
                waiting.append((item.task, measurement))
                if new:
                    prompt = render(item, self._opened().family, self._instruction)
                    asked.append((prompt, measurement))
                    yield prompt
            if len(waiting) >= _MOST_WAITING:
                yield FLUSH
        yield FLUSH

    def _measure(self, prompts: Iterator[Prompt | Flush]) -> Iterator[Score | Failure | Flush]:
        for first in prompts:
            if isinstance(first, Flush):
                yield first
            elif self._options.deterministic:
                yield self._opened().score_alone(first)
            else:
                yield from self._opened().score(chain([first], prompts))

    def _settled(self, prompt: Prompt, measured: Score | Failure) -> Score | Failure:
        """Measure an undecided score again alone, as `deterministic` does."""
        if isinstance(measured, Failure) or measured.exact:
            return measured
        if abs(measured.unsafe - self._threshold) > self._settle:
            return measured
        return self._opened().score_alone(prompt)

    def _verdict(self, task: Task, outcome: Score | Failure) -> Outcome:
        if isinstance(outcome, Failure):
            return outcome
        return Verdict(
            label="unsafe" if outcome.unsafe >= self._threshold else "safe",
            score=outcome.unsafe,
            threshold=self._threshold,
            task=task,
            model=self._weights.label,
            low_mass=outcome.mass < _LOW_MASS,
        )


def _require_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise UsageError(problem=f"{name} is {value}", remedy="give a number from 0 to 1")
