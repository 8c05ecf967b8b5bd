"""Gemma's local layers see a window of tokens: the shared head must outlive it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from families.build import Shape
from families.reference import Reference
from families.texts import long_text, sentences
from families.variants import Models

from seaguard_cli.engine.llamacpp import LlamaEngine
from seaguard_cli.verdict import Item

from .helpers import item_of, lone, opened_engine, packed, scores

WINDOW = Shape().window
LOOSE = 0.02
EXACT = 1e-6


@pytest.fixture(scope="module")
def gemma(models: Models, threads: int) -> Iterator[LlamaEngine]:
    with opened_engine(models["gemma-f16"], threads=threads) as opened:
        yield opened


@pytest.fixture(scope="module")
def wanted(models: Models, threads: int) -> Iterator[Reference]:
    with Reference(models["gemma-f16"], "gemma", threads=threads) as opened:
        yield opened


def test_the_head_alone_is_longer_than_the_window(gemma: LlamaEngine, wanted: Reference) -> None:
    # Else nothing below would show a head that has slid out of it.
    assert len(wanted.wrapped("")) < WINDOW < len(wanted.wrapped(sentences()[0] * 5))


def test_items_are_packed_after_long_ones(gemma: LlamaEngine, wanted: Reference) -> None:
    long = [Item(long_text(150, seed=seed)) for seed in (1, 2, 3)]
    short = [Item(text) for text in sentences()[::197]]
    packed(gemma, long)
    for items in (short, long, short):
        for item, score in zip(items, scores(gemma, items), strict=True):
            assert score == pytest.approx(wanted.judged(item.prompt), abs=LOOSE)


@pytest.mark.parametrize("more", [-1, 0, 1, 64, 300, 1100])
def test_items_as_long_as_the_window_and_longer_score_exactly(
    gemma: LlamaEngine, wanted: Reference, more: int
) -> None:
    item = item_of(wanted, 2 * WINDOW + more)
    assert lone(gemma, item) == pytest.approx(wanted.judged(item.prompt), abs=EXACT)
    assert lone(gemma, Item("Hi")) == pytest.approx(wanted.judged("Hi"), abs=EXACT)


def test_responses_behind_long_prompts_score_exactly(gemma: LlamaEngine, wanted: Reference) -> None:
    for response in ("", "No.", long_text(60)):
        item = Item(long_text(150), response)
        assert lone(gemma, item) == pytest.approx(
            wanted.judged(item.prompt, item.response), abs=EXACT
        )


def test_parts_of_a_prompt_that_filled_batches_before_score_as_they_should(
    gemma: LlamaEngine, wanted: Reference
) -> None:
    prompt = long_text(150)
    whole = [Item(prompt, text) for text in sentences()[:60]]
    parts = [Item(prompt[: len(prompt) * at // 6], "No.") for at in range(1, 6)]
    items = [
        *whole[:45],
        *(one for pair in zip(whole[45:], parts * 3, strict=True) for one in pair),
    ]
    for item, score in zip(items, scores(gemma, items), strict=True):
        assert score == pytest.approx(wanted.judged(item.prompt, item.response), abs=LOOSE)
