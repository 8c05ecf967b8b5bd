"""Heads that were decoded before score to the bit as those that are decoded now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from families.build import Kind
from families.texts import long_text, sentences
from families.variants import Models

from seaguard_cli.engine import Cancellation, EngineOptions
from seaguard_cli.engine.llamacpp import LlamaEngine
from seaguard_cli.errors import Failure
from seaguard_cli.verdict import Item, Score

from .conftest import Decode
from .helpers import CATALOGUE, alone, asked, packed

# More are the first micro-batches of a long text.
LONGEST_HEAD = 100
ITEMS = [
    Item("Hi"),
    Item("", "No."),
    Item(long_text(150)),
    Item("Hi", long_text(300)),
    *(Item(text) for text in sentences()[::97]),
]


class InMemory:
    """States that outlive an engine."""

    def __init__(self) -> None:
        self.states: dict[str, bytes] = {}
        self.given = 0

    def read(self, key: str) -> bytes | None:
        state = self.states.get(key)
        self.given += state is not None
        return state

    def write(self, key: str, state: bytes) -> None:
        self.states[key] = state


@contextmanager
def engine_with(
    path: Path, heads: InMemory | None, *, threads: int, ctx: int | None = None
) -> Iterator[LlamaEngine]:
    engine = LlamaEngine(
        path,
        EngineOptions(device="cpu", threads=threads, ctx=ctx),
        cancellation=Cancellation(),
        families=CATALOGUE.families,
        family=None,
        spellings=CATALOGUE.verdicts,
        heads=heads,
    )
    try:
        yield engine
    finally:
        engine.close()


def judged(engine: LlamaEngine) -> list[Score | Failure]:
    """What the items score in batches of both tasks, and each alone."""
    single = [alone(engine, asked(engine, item)) for item in ITEMS]
    return packed(engine, ITEMS) + packed(engine, ITEMS[4:]) + single


@pytest.mark.parametrize("weights", ["", "-f16"])
def test_scores_with_kept_heads_are_the_same_to_the_bit(
    kind: Kind, models: Models, threads: int, weights: str
) -> None:
    path = models[kind.name + weights]
    heads = InMemory()
    with engine_with(path, None, threads=threads) as engine:
        wanted = judged(engine)
    for _ in range(2):
        with engine_with(path, heads, threads=threads) as engine:
            assert judged(engine) == wanted
    # What leaves the sight of Gemma's local layers is not in a state: longer heads are not kept.
    assert heads.given >= (1 if kind.name == "gemma" else 3)


def test_no_head_is_decoded_twice(models: Models, threads: int, decodes: list[Decode]) -> None:
    def heads_decoded() -> int:
        return sum(not one.read and one.tokens < LONGEST_HEAD for one in decodes)

    kept = InMemory()
    with engine_with(models["qwen"], kept, threads=threads) as engine:
        for _ in range(3):
            # The tasks have two heads, and each grows the contexts once more.
            for item in (Item("Hi"), Item("Hi", "Ho"), Item(long_text(200)), Item("Hi", "Ha")):
                packed(engine, [item, item])
                alone(engine, asked(engine, item))
    # Two of the packed ones, and of the lone ones two for short texts and one for the long one.
    assert heads_decoded() == 5
    decodes.clear()
    with engine_with(models["qwen"], kept, threads=threads) as engine:
        packed(engine, [Item("Hi"), Item("Ho")])
        alone(engine, asked(engine, Item("Hi", "Ho")))
    assert decodes
    assert heads_decoded() == 0


@pytest.mark.parametrize("spoilt", [b"", b"\0" * 64])
def test_a_state_that_does_not_fit_is_decoded_anew(
    kind: Kind, models: Models, threads: int, spoilt: bytes
) -> None:
    heads = InMemory()
    with engine_with(models[kind.name], heads, threads=threads) as engine:
        wanted = judged(engine)
    for key, state in heads.states.items():
        heads.states[key] = spoilt or state[: len(state) // 2]
    with engine_with(models[kind.name], heads, threads=threads) as engine:
        assert judged(engine) == wanted
    assert heads.given


def test_heads_are_kept_apart_by_the_way_they_are_computed(
    models: Models, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = InMemory()
    with engine_with(models["qwen"], kept, threads=threads) as engine:
        packed(engine, [Item("Hi"), Item("Ho")])
        alone(engine, asked(engine, Item("Hi")))
    assert len(kept.states) == 2
    monkeypatch.setenv("GGML_SOMETHING", "1")
    with engine_with(models["qwen"], kept, threads=threads) as engine:
        alone(engine, asked(engine, Item("Hi")))
    assert len(kept.states) == 3
