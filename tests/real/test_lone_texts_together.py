"""Lone texts share a decode where that changes no bit of their scores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from engine.helpers import asked, flat, opened_engine
from families.texts import long_text, sentences
from families.variants import Models

import seaguard_cli
from seaguard_cli import Guard
from seaguard_cli.engine.exact import ExactDecoder
from seaguard_cli.engine.lanes import LANE_SEQUENCES, MOST_TOGETHER
from seaguard_cli.engine.llamacpp import LlamaEngine
from seaguard_cli.verdict import Item, Score

TINY = Path(seaguard_cli.__file__).parent / "tiny.gguf"
# Most are long enough to be one decode behind the whole head; some are not.
TEXTS = [*sentences()[:24], "Hi", "", long_text(40), *sentences()[30:38], long_text(160), "Ho"]


@pytest.fixture(scope="module", params=["tiny", "smollm2"])
def weights(request: pytest.FixtureRequest) -> Path:
    path: Path = TINY if request.param == "tiny" else request.getfixturevalue("smollm2")
    assert path.is_file()
    return path


@pytest.fixture
def engine(weights: Path, threads: int) -> Iterator[LlamaEngine]:
    with opened_engine(weights, threads=threads, family="qwen") as opened:
        yield opened


def open_lanes(decoder: ExactDecoder) -> None:
    """Have the sequences for several lone texts, as after the first of a stream."""
    decoder._more_sequences = LANE_SEQUENCES
    decoder.release()


def encoded(engine: LlamaEngine, texts: list[str]) -> tuple[list[list[int]], list[int]]:
    prompts = [asked(engine, Item(text)) for text in texts]
    return [engine.vocabulary.encode(prompt) for prompt in prompts], engine._head(prompts[0])


@pytest.mark.parametrize("count", range(2, 8))
def test_real_weights_give_the_same_bits_together(engine: LlamaEngine, count: int) -> None:
    decoder = engine._exact
    ids, head = encoded(engine, sentences()[count::137])
    ids = [one for one in ids if decoder._may_share(one, head)][:count]
    assert len(ids) == count
    alone = [decoder.alone(one, head) for one in ids]
    open_lanes(decoder)
    assert decoder._together(ids, head) == alone
    assert decoder._together(ids[::-1], head) == alone[::-1]
    assert [decoder.alone(one, head) for one in ids] == alone
    assert len(set(alone)) == count


def test_a_stream_of_lone_texts_scores_as_each_does(engine: LlamaEngine) -> None:
    alone = [flat(engine.score_alone([asked(engine, Item(text))])) for text in TEXTS]
    found = flat(engine.score_alone(asked(engine, Item(text)) for text in TEXTS))
    assert [[one] for one in found] == alone
    assert all(isinstance(one, Score) and one.exact for one in found)


def test_both_tasks_may_share_a_stream(engine: LlamaEngine) -> None:
    items = [Item(one, other) for one, other in zip(sentences()[:12], TEXTS, strict=False)]
    items = [one for pair in zip(items, map(Item, TEXTS), strict=False) for one in pair]
    alone = [flat(engine.score_alone([asked(engine, item)])) for item in items]
    found = flat(engine.score_alone(asked(engine, item) for item in items))
    assert [[one] for one in found] == alone


def test_where_a_bit_differs_all_are_judged_one_by_one(
    engine: LlamaEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = 0

    def other(self: ExactDecoder, ids: list[list[int]], head: list[int]) -> list[Score]:
        nonlocal tried
        tried += 1
        return [Score(0.5, 1.0)] * len(ids)

    wanted = [flat(engine.score_alone([asked(engine, Item(text))])) for text in TEXTS]
    monkeypatch.setattr(ExactDecoder, "_together", other)
    found = flat(engine.score_alone(asked(engine, Item(text)) for text in TEXTS))
    assert [[one] for one in found] == wanted
    assert tried == 1


def test_a_batch_much_larger_than_any_before_is_proven_again(
    engine: LlamaEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, head = encoded(engine, sentences()[::137])
    ids = sorted((one for one in ids if engine._exact._may_share(one, head)), key=len)
    proven: list[int] = []

    def prove(self: ExactDecoder, items: list[list[int]], *others: object) -> None:
        proven.append(len(items))
        own = sum(len(one) - len(head) for one in items)
        self._proven.learn(len(items), own, worth=True)

    monkeypatch.setattr(ExactDecoder, "_prove", prove)
    engine._exact._proven.alone = 100
    for several in (ids[:2], ids[:3], ids[1:4], ids[:2], ids[:5], ids[:7]):
        engine._exact.scores(several, head)
    assert proven == [2, 5]


def test_few_lone_texts_are_judged_one_by_one(
    engine: LlamaEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unexpected(*arguments: object) -> None:
        raise AssertionError("tried together")

    monkeypatch.setattr(ExactDecoder, "_together", unexpected)
    few = sentences()[: 2 * MOST_TOGETHER]
    assert len(flat(engine.score_alone(asked(engine, Item(text)) for text in few))) == len(few)


def test_nothing_is_left_behind_when_there_is_no_room(models: Models, threads: int) -> None:
    with opened_engine(models["qwen"], threads=threads, ctx=200) as engine:
        ids, head = encoded(engine, sentences()[::97])
        ids = [one for one in ids if engine._exact._may_share(one, head) and len(one) < 200]
        alone = [engine._exact.alone(one, head) for one in ids]
        open_lanes(engine._exact)
        assert engine._exact._together(ids, head) == []
        assert engine._exact.scores(ids, head) == alone
        engine._exact._proven.alone = 100
        engine._exact._proven.learn(len(ids), 10_000, worth=True)
        assert engine._exact.scores(ids, head) == alone
        assert not engine._exact._proven.worth


def test_deterministic_is_the_same_whatever_comes_with_a_text(weights: Path) -> None:
    model = "tiny" if weights == TINY else str(weights)
    with Guard(model, deterministic=True) as guard:
        together = [one.score for one in guard.stream(Item(text) for text in TEXTS)]
    with Guard(model, deterministic=True) as guard:
        assert [guard.check(text).score for text in TEXTS] == together
