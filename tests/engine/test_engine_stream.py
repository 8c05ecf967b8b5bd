"""One outcome for every prompt, in its place, whatever the prompt holds."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from families.build import QWEN
from families.reference import Reference
from families.texts import long_text, sentences
from families.variants import Models

from seaguard_cli.engine import FLUSH, Flush
from seaguard_cli.engine.llamacpp import LlamaEngine
from seaguard_cli.errors import Failure, FailureCode
from seaguard_cli.prompt import Prompt
from seaguard_cli.verdict import Item, Score

from .conftest import Decode
from .helpers import alone, asked, item_of, lone, opened_engine, packed

TEXTS = sentences()[::31]
SURROGATE = Item("half \ud83d of a pair")
TOO_LONG = Item(long_text(3000))


@pytest.fixture(scope="module")
def engine(models: Models, threads: int) -> Iterator[LlamaEngine]:
    with opened_engine(models["qwen"], threads=threads, ctx=512) as opened:
        yield opened


@pytest.fixture(scope="module")
def qwen(models: Models, threads: int) -> Iterator[Reference]:
    with Reference(models["qwen"], "qwen", threads=threads) as opened:
        yield opened


def codes(outcomes: list[Score | Failure]) -> list[FailureCode | None]:
    return [one.code if isinstance(one, Failure) else None for one in outcomes]


def test_no_prompts_give_no_outcomes(engine: LlamaEngine) -> None:
    assert packed(engine, []) == []


def test_outcomes_come_in_the_order_of_the_prompts(engine: LlamaEngine) -> None:
    items = [Item(text) for text in TEXTS]
    found = packed(engine, items)
    wanted = [lone(engine, item) for item in items]
    for score, exact in zip(found, wanted, strict=True):
        assert isinstance(score, Score)
        assert score.unsafe == pytest.approx(exact, abs=0.02)


def test_a_prompt_one_token_longer_than_the_context_is_too_long(
    engine: LlamaEngine, qwen: Reference
) -> None:
    for tokens in (512, 513):
        outcome = alone(engine, asked(engine, item_of(qwen, tokens)))
        if tokens == 512:
            assert isinstance(outcome, Score)
        else:
            assert outcome == Failure(FailureCode.TOO_LONG, {"tokens": 513, "limit": 512})


def test_a_prompt_as_long_as_the_context_may_stand_among_others(
    engine: LlamaEngine, qwen: Reference
) -> None:
    full = item_of(qwen, 512)
    items = [Item("Hi"), full, Item("Ho"), full, full, Item("")]
    for item, score in zip(items, packed(engine, items), strict=True):
        assert isinstance(score, Score)
        assert score.unsafe == pytest.approx(qwen.judged(item.prompt), abs=0.02)


def test_no_context_is_larger_than_the_one_the_model_was_trained_with(
    models: Models, threads: int, qwen: Reference
) -> None:
    with opened_engine(models["short-context"], threads=threads, ctx=4096) as engine:
        assert isinstance(alone(engine, asked(engine, item_of(qwen, 256))), Score)
        assert codes(packed(engine, [item_of(qwen, 257)])) == [FailureCode.TOO_LONG]


def test_an_enormous_text_is_too_long_without_being_tokenised(
    engine: LlamaEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt = asked(engine, Item("x" * 1_000_000))
    monkeypatch.setattr(engine.vocabulary, "encode", lambda _: pytest.fail("tokenised"))
    outcome = alone(engine, prompt)
    assert isinstance(outcome, Failure)
    assert outcome.code == FailureCode.TOO_LONG
    assert outcome.facts["limit"] == 512


def test_a_lone_surrogate_is_not_text(engine: LlamaEngine) -> None:
    outcome = alone(engine, asked(engine, SURROGATE))
    assert isinstance(outcome, Failure)
    assert outcome.code == FailureCode.NOT_TEXT


def test_what_cannot_be_judged_keeps_its_place(engine: LlamaEngine) -> None:
    good, bad = Item("Hi"), SURROGATE
    for places in itertools.product((good, bad, TOO_LONG), repeat=4):
        wanted = {good: None, bad: FailureCode.NOT_TEXT, TOO_LONG: FailureCode.TOO_LONG}
        assert codes(packed(engine, [*places])) == [wanted[item] for item in places]


def test_failures_stand_where_they_stood_when_several_batches_are_filled(
    engine: LlamaEngine,
) -> None:
    items = [SURROGATE if at % 7 == 3 else Item(TEXTS[at % len(TEXTS)]) for at in range(150)]
    found = codes(packed(engine, items))
    assert [at for at, code in enumerate(found) if code] == list(range(3, 150, 7))
    assert len(found) == 150


def test_a_flush_is_passed_on_after_the_outcomes_of_what_came_before_it(
    engine: LlamaEngine,
) -> None:
    seen: list[str] = []

    def stream() -> Iterator[Prompt | Flush]:
        for text in ("a", "b"):
            yield asked(engine, Item(text))
        yield FLUSH
        seen.append("asked for more")
        yield FLUSH
        yield asked(engine, SURROGATE)
        yield asked(engine, Item("c"))
        yield FLUSH

    for outcomes in engine.score(stream()):
        for one in [outcomes] if isinstance(outcomes, Flush) else outcomes:
            seen.append(type(one).__name__)
    first = ["Score", "Score", "Flush", "asked for more"]
    assert seen == [*first, "Flush", "Failure", "Score", "Flush"]


def test_the_stream_is_pulled_no_further_than_one_batch_ahead(engine: LlamaEngine) -> None:
    pulled = 0

    def endless() -> Iterator[Prompt]:
        nonlocal pulled
        for text in itertools.cycle(TEXTS):
            pulled += 1
            yield asked(engine, Item(text))

    taken = 0
    for outcomes in itertools.islice(engine.score(endless()), 5):
        assert not isinstance(outcomes, Flush)
        assert pulled <= taken + engine.plan.sequences + 1
        taken += len(outcomes)


def test_the_tokens_of_every_batch_fit_the_context(
    engine: LlamaEngine, decodes: list[Decode]
) -> None:
    packed(engine, [Item(text) for text in TEXTS])
    assert max(one.tokens for one in decodes) <= 512
    assert len(decodes) < len(TEXTS)


def test_qwens_files_are_told_by_their_vocabulary(engine: LlamaEngine) -> None:
    assert engine.family.name == QWEN.name
    assert (engine.words.safe, engine.words.unsafe) == ("safe", "unsafe")
    assert engine.device == "CPU, 1 thread"
