"""What the tests of the engine share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from families.reference import Reference, turn
from families.texts import long_text

from seaguard_cli.engine import Cancellation, EngineOptions, Flush, Outcomes
from seaguard_cli.engine.llamacpp import LlamaEngine
from seaguard_cli.errors import Failure
from seaguard_cli.prompt import Prompt, render
from seaguard_cli.verdict import Item, Score
from seaguard_cli.weights import load_catalogue

CATALOGUE = load_catalogue()


@contextmanager
def opened_engine(
    path: Path,
    *,
    threads: int,
    ctx: int | None = None,
    max_window: int | None = None,
    family: str | None = None,
    cancellation: Cancellation | None = None,
) -> Iterator[LlamaEngine]:
    """An engine on the CPU with the model at `path`."""
    engine = LlamaEngine(
        path,
        EngineOptions(device="cpu", threads=threads, ctx=ctx, max_window=max_window),
        cancellation=cancellation or Cancellation(),
        families=CATALOGUE.families,
        family=family,
        spellings=CATALOGUE.verdicts,
    )
    try:
        yield engine
    finally:
        engine.close()


def asked(engine: LlamaEngine, item: Item) -> Prompt:
    """The prompt of `item` for this engine's model."""
    return render(item, engine.family, CATALOGUE.instructions["sea-guard"])


def lone(engine: LlamaEngine, item: Item) -> float:
    """P(unsafe) of an item judged alone."""
    score = alone(engine, asked(engine, item))
    assert isinstance(score, Score), score
    return score.unsafe


def alone(engine: LlamaEngine, prompt: Prompt) -> Score | Failure:
    """The outcome of a prompt judged alone."""
    (outcome,) = flat(engine.score_alone([prompt]))
    return outcome


def flat(outcomes: Iterable[Outcomes | Flush]) -> list[Score | Failure]:
    """The outcomes of all batches, one after another."""
    return [one for batch in outcomes if not isinstance(batch, Flush) for one in batch]


def packed(engine: LlamaEngine, items: list[Item]) -> list[Score | Failure]:
    """The outcomes of items judged in one stream."""
    return flat(engine.score(asked(engine, item) for item in items))


def scores(engine: LlamaEngine, items: list[Item]) -> list[float]:
    """P(unsafe) of items judged in one stream."""
    found = packed(engine, items)
    assert all(isinstance(score, Score) for score in found), found
    return [score.unsafe for score in found]


def item_of(reference: Reference, tokens: int, *, response: bool = False) -> Item:
    """An item whose whole prompt has exactly so many tokens."""
    for seed in range(1, 20):
        text = long_text(tokens, seed=seed)
        low, high = 0, len(text)
        while low < high:
            middle = (low + high) // 2
            if _length(reference, _item(text[:middle], response)) < tokens:
                low = middle + 1
            else:
                high = middle
        for cut in range(max(0, low - 10), low + 10):
            item = _item(text[:cut], response)
            if _length(reference, item) == tokens:
                return item
    raise AssertionError(f"no text makes a prompt of {tokens} tokens")


def _item(text: str, response: bool) -> Item:
    return Item("Hi", text) if response else Item(text)


def _length(reference: Reference, item: Item) -> int:
    return len(reference.wrapped(turn(item.prompt, item.response)))
