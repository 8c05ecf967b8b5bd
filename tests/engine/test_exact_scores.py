"""An item judged alone scores as if its whole prompt were decoded at once in a fresh context.

The models' matrices are in F16: there a decode of another shape, or a token in another place of
the cache, moves a score by 1e-5 to 1e-3.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from families.build import Kind
from families.reference import Reference, turn
from families.texts import AWKWARD, long_text, sentences
from families.variants import Models

from seaguard_cli import Guard
from seaguard_cli.engine.llamacpp import LlamaEngine
from seaguard_cli.verdict import Item, Score

from .conftest import Decode
from .helpers import alone, asked, item_of, lone, opened_engine, packed

EXACT = 1e-6
UBATCH = 512
# Ends of a prompt before, at and behind the borders of micro-batches: behind them a last decode
# of one token, of fewer than the kernels' block of 16, and of more.
BORDERS = [border + more for border in (UBATCH, 2 * UBATCH) for more in (-1, 0, 1, 7, 15, 16)]
SHORT = [
    Item(""),
    Item("Hi"),
    Item("", ""),
    Item("Hi", ""),
    Item("", "Hi"),
    *(Item(text) for text in sentences()[::211]),
    *(Item(text, text[::-1]) for text in sentences()[100::311]),
    *(Item(text) for text in AWKWARD[::9]),
]


@pytest.fixture(scope="module")
def reference(kind: Kind, models: Models, threads: int) -> Iterator[Reference]:
    with Reference(models[f"{kind.name}-f16"], kind.name, threads=threads) as opened:
        yield opened


@pytest.fixture(scope="module")
def engine(kind: Kind, models: Models, threads: int) -> Iterator[LlamaEngine]:
    with opened_engine(models[f"{kind.name}-f16"], threads=threads) as opened:
        yield opened


def judged(reference: Reference, item: Item) -> float:
    return reference.judged(item.prompt, item.response)


def test_the_models_tell_texts_apart(reference: Reference) -> None:
    # Else the comparisons below would pass whatever was decoded.
    found = [judged(reference, Item(text)) for text in sentences()[::60]]
    assert len(set(found)) == len(found)
    assert min(found) < 0.3
    assert max(found) > 0.7


def test_short_texts_of_both_tasks_score_exactly(engine: LlamaEngine, reference: Reference) -> None:
    for item in SHORT:
        assert lone(engine, item) == pytest.approx(judged(reference, item), abs=EXACT), item


@pytest.mark.parametrize("tokens", BORDERS)
def test_a_prompt_that_ends_about_a_micro_batch_scores_exactly(
    engine: LlamaEngine, reference: Reference, tokens: int
) -> None:
    item = item_of(reference, tokens)
    assert lone(engine, item) == pytest.approx(judged(reference, item), abs=EXACT)


def test_long_texts_score_exactly(engine: LlamaEngine, reference: Reference) -> None:
    for item in (Item(long_text(500)), Item(long_text(250), long_text(100, seed=2))):
        assert lone(engine, item) == pytest.approx(judged(reference, item), abs=EXACT)


def test_nothing_is_left_behind_by_the_items_before(
    kind: Kind, models: Models, threads: int, reference: Reference
) -> None:
    items = [
        *SHORT[:8],
        item_of(reference, UBATCH + 1),
        item_of(reference, UBATCH + 1, response=True),
        item_of(reference, 2 * UBATCH + 3),
        Item(long_text(300), "Hi"),
    ]
    wanted = [judged(reference, item) for item in items]
    order = [*range(len(items)), *random.Random(1).choices(range(len(items)), k=len(items))]
    with Guard(str(models[f"{kind.name}-f16"]), deterministic=True, threads=threads) as guard:
        for at in order:
            score = guard.check(items[at].prompt, items[at].response).score
            assert score == pytest.approx(wanted[at], abs=EXACT), items[at]


def test_an_engine_that_judged_whole_batches_scores_exactly_after_it(
    engine: LlamaEngine, reference: Reference
) -> None:
    packed(engine, [Item(text) for text in sentences()[:80]])
    for item in SHORT[:8]:
        assert lone(engine, item) == pytest.approx(judged(reference, item), abs=EXACT)


def test_a_batch_of_one_is_judged_alone(engine: LlamaEngine, reference: Reference) -> None:
    (score,) = packed(engine, [Item("Hi")])
    assert isinstance(score, Score)
    assert score.exact
    assert score.unsafe == pytest.approx(reference.judged("Hi"), abs=EXACT)


def test_the_number_of_threads_does_not_move_a_score(
    kind: Kind, models: Models, reference: Reference
) -> None:
    with opened_engine(models[f"{kind.name}-f16"], threads=2) as opened:
        for item in SHORT[4:7]:
            assert lone(opened, item) == pytest.approx(judged(reference, item), abs=EXACT)


def test_the_mass_is_the_verdicts_share_of_the_whole_softmax(
    engine: LlamaEngine, reference: Reference
) -> None:
    for item in SHORT[:6]:
        score = alone(engine, asked(engine, item))
        assert isinstance(score, Score)
        ids = reference.wrapped(turn(item.prompt, item.response))
        assert score.mass == pytest.approx(reference.score(ids)[1], rel=1e-4)


@pytest.mark.parametrize("words", [0, 100, 300])
@pytest.mark.parametrize("phrase", ["classifier", "humans and LLMs", "human user's", "safe or"])
def test_a_prompt_that_leaves_the_shared_head_early_scores_exactly(
    engine: LlamaEngine, reference: Reference, phrase: str, words: int
) -> None:
    prompt = asked(engine, Item(long_text(words) if words else ""))
    assert phrase in prompt.turn
    ids = reference.wrapped(prompt.turn.replace(phrase, "judge", 1))
    lone(engine, Item("Hi"))
    (score,) = engine._alone([ids], engine._head(prompt))
    assert isinstance(score, Score)
    assert score.unsafe == pytest.approx(reference.score(ids)[0], abs=EXACT)


def test_no_decode_that_is_read_is_shorter_than_the_kernels_block_of_16(
    engine: LlamaEngine, decodes: list[Decode]
) -> None:
    for item in SHORT:
        lone(engine, item)
    read = [one.tokens for one in decodes if one.read]
    assert len(read) == len(SHORT)
    assert min(read) >= 16
    # And a short text decodes little more than that.
    assert read[SHORT.index(Item("Hi"))] < 32
