"""`Guard`: items in, verdicts out. The only door to prompts, engines and weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from hashlib import blake2b
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, overload

from seaguard_cli import defaults
from seaguard_cli.engine import Cancellation, EngineOptions, Flush, TokenSegment
from seaguard_cli.errors import Failure, ItemFailed, UsageError, WeightsUnreadable, WindowTooLarge
from seaguard_cli.measurement import Finding
from seaguard_cli.memory import Memory
from seaguard_cli.opening import Opener
from seaguard_cli.prompt import Family, Instruction, Limits, Piece, Prompt, Splitter, render
from seaguard_cli.ranges import require_shares, require_threads, require_windows
from seaguard_cli.run import Effort, Run, Settling
from seaguard_cli.verdict import Item, Task, Verdict, Window
from seaguard_cli.weights import load_catalogue, locate

if TYPE_CHECKING:
    from seaguard_cli.accelerators import Accelerator
    from seaguard_cli.cache import Cache
    from seaguard_cli.engine.facts import Found, Work

DEFAULT_INSTRUCTION = "sea-guard"
# Neighbouring windows share this part of one, unless it is said otherwise.
_OVERLAP = 8
_LOW_MASS = 0.5

Outcome = Verdict | Failure


class Guard:
    """Judges items with one model, loaded once at the first use and closed on leaving.

    `model` is a name, name:QUANT or a path to a GGUF. `task` is how a lone text is judged:
    `response` takes it for the response to an empty prompt. `threshold` in [0, 1]: unsafe from
    there on. A packed score within `settle` of it is measured again alone; `deterministic`
    measures every item alone, with every numeric setting fixed. With a `cache` scores are kept
    between runs; True stands for the person's own. `work` says whether only a "few" texts will
    come, for which weights are not prepared as for a stream. `found` are settings to take in place
    of those that `seaguard bench` has kept.

    A text whose prompt has more than `max_window` tokens is judged in windows that share `overlap`
    tokens (by default an eighth of a window), at most `max_windows` of them, and the worst decides.

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
        max_window: int | None = None,
        overlap: int | None = None,
        max_windows: int | None = None,
        cache: Cache | bool = False,
        work: Work = "stream",
        found: Found | None = None,
    ) -> None:
        require_shares(threshold=threshold, settle=settle)
        require_threads(threads)
        require_windows(max_window, overlap, max_windows, ctx)
        self._catalogue = load_catalogue()
        if family is not None and family not in self._catalogue.families:
            known = ", ".join(self._catalogue.families)
            raise UsageError(problem=f"there is no family {family!r}", remedy=f"known are {known}")
        self._weights = locate(model, self._catalogue)
        self._family = family or (self._weights.model.family if self._weights.model else None)
        self._require_trained(max_window)
        self._cancellation = Cancellation()
        self._opener = Opener(
            self._weights,
            self._catalogue,
            EngineOptions(device, threads, gpu_layers, ctx, deterministic, max_window=max_window),
            self._cancellation,
            family=self._family,
            cache=cache,
            work=work,
            found=found,
        )
        self._task: Task = task
        self._threshold = threshold
        self._settling = Settling(threshold, settle, everything=deterministic)
        self._overlap = overlap
        self._max_windows = max_windows
        self._memory = Memory()
        self._effort = Effort()

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
        return self._opener.loaded

    @property
    def rejudged(self) -> int:
        """Give how many undecided items were measured again alone."""
        return self._effort.rejudged

    @property
    def device(self) -> str:
        """Give where the model runs, in words; loads it."""
        return self._opener.engine().device

    @property
    def unusual_verdicts(self) -> tuple[str, str] | None:
        """Give the verdict words when they are not those that SEA-Guard answers with; opens it."""
        words = self._opener.engine().words
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
        """Judge items lazily: one verdict each, in order.

        The next batch is filled while one is judged, so a verdict may wait for that.
        A `FLUSH` among the items closes the batch that is being filled. With `errors="yield"` an
        item that cannot be judged gives its Failure, and a Failure among the items keeps its
        place; else the first raises ItemFailed. Raises EngineError when the engine fails.
        """
        run = Run(self._opener.engine, self._splitter, self._memory, self._settling, self._effort)
        for item, outcome in run.outcomes(items):
            verdict = self._verdict(item, outcome)
            if errors == "raise" and isinstance(verdict, Failure):
                raise ItemFailed(verdict)
            yield verdict

    def fingerprint(self) -> dict[str, str]:
        """Give digests of what verdicts follow from: `weights` (SHA-256) and `prompt`.

        The whole file of the weights is read the first time, and later only if it has changed.
        Raises WeightsUnreadable.
        """
        from seaguard_cli.weights.digest import digest_of

        try:
            weights = "-".join(digest_of(self._weights.path).hashes)
        except OSError as error:
            reason = error.strerror or str(error)
            raise WeightsUnreadable(path=str(self._weights.path), reason=reason) from error
        prompt = f"{self._instruction!r} {self._family} {self._catalogue.families!r}"
        return {
            "weights": weights,
            "prompt": blake2b(prompt.encode(), digest_size=16).hexdigest(),
        }

    def show(self, items: Iterable[Item]) -> Iterator[list[TokenSegment]]:
        """Give the segments of each prompt with the token ids the model would get, unjudged.

        An item is one prompt, or one for each window. Raises ItemFailed for one that has none.
        """
        with self._opener.vocabulary() as (vocabulary, family, window):
            splitter = self._splitting(family, vocabulary.count, window)
            for item in items:
                short = splitter.short(item)
                pieces = splitter.pieces(item) if short is None else [Piece(short)]
                for piece in pieces:
                    yield vocabulary.tokens(piece.prompt)

    def cancel(self) -> bool:
        """Ask the work to end with Interrupted; safe in a signal handler and in any thread.

        Gives whether the model is at work, and will end by itself.
        """
        return self._cancellation.request()

    def close(self) -> None:
        """Give the model's memory back; may be called again."""
        self._opener.close()

    def _require_trained(self, window: int | None) -> None:
        """Refuse a window that models.toml knows to be too large; the file itself may tell too."""
        trained = self._weights.model.trained_context if self._weights.model else None
        if window is not None and trained is not None and window > trained:
            raise WindowTooLarge(window=window, trained=trained, model=self.model)

    @property
    def _instruction(self) -> Instruction:
        name = self._weights.model.instruction if self._weights.model else DEFAULT_INSTRUCTION
        return self._catalogue.instructions[name]

    @property
    def idle_gpu(self) -> Accelerator | None:
        """Give the GPU of this machine that the installed llama.cpp cannot use, if there is one.

        None where the CPU was asked for.
        """
        return self._opener.idle_gpu()

    def _splitter(self) -> Splitter:
        engine = self._opener.engine()
        return self._splitting(engine.family, engine.count, engine.window)

    def _splitting(self, family: Family, count: Callable[[Prompt], int], window: int) -> Splitter:
        overlap = window // _OVERLAP if self._overlap is None else self._overlap
        limits = Limits(window, overlap, self._max_windows)
        return Splitter(lambda item: render(item, family, self._instruction), count, limits)

    def _verdict(self, item: Item | None, outcome: Finding | Failure) -> Outcome:
        if isinstance(outcome, Failure):
            return outcome
        assert item is not None
        score = outcome.score
        return Verdict(
            label="unsafe" if score.unsafe >= self._threshold else "safe",
            score=score.unsafe,
            threshold=self._threshold,
            task=item.task,
            model=self._weights.label,
            low_mass=score.mass < _LOW_MASS,
            windows=outcome.windows,
            window=outcome.window and _named(outcome.window, item),
            truncated=outcome.truncated,
            kept=outcome.kept and _named(outcome.kept, item),
        )


def _named(window: Window, item: Item) -> Window:
    """Give the part of an item's text under the name that the text has where it comes from."""
    return replace(window, field=item.fields[window.field == "response"])
