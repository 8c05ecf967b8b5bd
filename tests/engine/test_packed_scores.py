"""Items that share a batch score nearly as they do alone, in order, with any neighbours."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from families.build import Kind
from families.reference import Reference
from families.texts import AWKWARD, long_text, sentences
from families.variants import Models

from seaguard_cli import Guard
from seaguard_cli.engine.llamacpp import LlamaEngine
from seaguard_cli.engine.packing import common_prefix
from seaguard_cli.verdict import Item, Score

from .conftest import Decode
from .helpers import asked, item_of, opened_engine, packed, scores

# Other kernels, an F16 cache and flash attention round otherwise. Random weights in F32 moved by
# 0.004 at most; a sequence that saw another's tokens would be off by tenths.
LOOSE = 0.02
EXACT = 1e-6

PROMPTS = [Item(text) for text in (*sentences()[::29], *AWKWARD[::7])]
PAIRS = [Item(text, text[::-1]) for text in sentences()[::53]]


@pytest.fixture(scope="module")
def engine(kind: Kind, models: Models, threads: int) -> Iterator[LlamaEngine]:
    with opened_engine(models[kind.name], threads=threads) as opened:
        yield opened


@pytest.fixture(scope="module")
def exact(reference: Reference) -> dict[Item, float]:
    """What each item should score."""
    return {item: reference.judged(item.prompt, item.response) for item in (*PROMPTS, *PAIRS)}


def require_close(found: list[float], items: list[Item], exact: dict[Item, float]) -> None:
    for score, item in zip(found, items, strict=True):
        assert score == pytest.approx(exact[item], abs=LOOSE), item


def test_packed_scores_are_close_to_the_exact_ones(
    engine: LlamaEngine, exact: dict[Item, float]
) -> None:
    require_close(scores(engine, PROMPTS), PROMPTS, exact)
    require_close(scores(engine, PAIRS), PAIRS, exact)


def test_both_tasks_may_share_a_stream(engine: LlamaEngine, exact: dict[Item, float]) -> None:
    mixed = [*PROMPTS, *PAIRS]
    random.Random(1).shuffle(mixed)
    require_close(scores(engine, mixed), mixed, exact)


def test_a_packed_score_does_not_claim_to_be_exact(engine: LlamaEngine) -> None:
    found = packed(engine, PROMPTS[:5])
    assert [score.exact for score in found if isinstance(score, Score)] == [False] * 5


def test_long_and_short_items_may_share_a_stream(engine: LlamaEngine, reference: Reference) -> None:
    items = [Item("Hi"), Item(long_text(300)), Item(""), Item("Hi", long_text(300, seed=2))]
    items += [item_of(reference, 513), *PROMPTS[:10], Item(long_text(400)), Item("Ho")]
    wanted = {item: reference.judged(item.prompt, item.response) for item in items}
    require_close(scores(engine, items), items, wanted)


def test_a_stream_larger_than_the_context_is_judged_in_several_batches(
    kind: Kind, models: Models, threads: int, exact: dict[Item, float]
) -> None:
    with opened_engine(models[kind.name], threads=threads, ctx=300) as small:
        fitting = [item for item in PROMPTS if len(item.prompt) < 40]
        assert len(fitting) > 20
        require_close(scores(small, fitting), fitting, exact)


@pytest.mark.parametrize("room", [1, 3, 10])
def test_a_batch_that_does_not_fit_is_halved_until_it_does(
    engine: LlamaEngine,
    exact: dict[Item, float],
    monkeypatch: pytest.MonkeyPatch,
    room: int,
) -> None:
    import llama_cpp.llama_cpp as llama_cpp

    decode, sizes = llama_cpp.llama_decode, []

    def crowded(context: object, batch: llama_cpp.llama_batch) -> int:
        sequences = {batch.seq_id[at][0] for at in range(batch.n_tokens)}
        sizes.append(len(sequences))
        return 1 if len(sequences) > room else decode(context, batch)

    monkeypatch.setattr(llama_cpp, "llama_decode", crowded)
    items = PROMPTS[:30]
    require_close(scores(engine, items), items, exact)
    assert max(sizes) > room


@pytest.mark.parametrize("seed", [1, 2])
def test_with_every_score_settled_neighbours_and_order_do_not_matter(
    kind: Kind, models: Models, threads: int, exact: dict[Item, float], seed: int
) -> None:
    items = random.Random(seed).sample([*PROMPTS, *PAIRS], 40)
    with Guard(str(models[kind.name]), settle=1, threads=threads) as guard:
        for item, verdict in zip(items, guard.stream(items), strict=True):
            assert verdict.score == pytest.approx(exact[item], abs=EXACT)
            assert verdict.task == item.task


def test_by_default_undecided_scores_are_exact_and_all_labels_are_those_of_lone_items(
    kind: Kind, models: Models, threads: int, exact: dict[Item, float]
) -> None:
    items = [*PROMPTS, *PAIRS]
    near = 0
    with Guard(str(models[kind.name]), threads=threads) as guard:
        for item, verdict in zip(items, guard.stream(items), strict=True):
            assert verdict.label == ("unsafe" if exact[item] >= 0.5 else "safe")
            if abs(exact[item] - 0.5) < 0.2 - LOOSE:
                near += 1
                assert verdict.score == pytest.approx(exact[item], abs=EXACT)
    assert 5 < near < len(items) - 5


def test_items_with_the_same_beginning_share_it_and_score_as_they_should(
    engine: LlamaEngine, reference: Reference, decodes: list[Decode]
) -> None:
    prompt, other = long_text(120), long_text(60, seed=2)
    items = [Item(prompt, answer) for answer in ("", "No.", "No way.", *sentences()[:200:37])]
    items += [Item(other + text) for text in ("", " a", " b", *sentences()[:200:41])]
    random.Random(1).shuffle(items)
    wanted = {item: reference.judged(item.prompt, item.response) for item in items}
    decodes.clear()
    require_close(scores(engine, items), items, wanted)
    whole = [len(engine.vocabulary.encode(asked(engine, item))) for item in items]
    assert sum(one.tokens for one in decodes) < sum(whole) / 2


@pytest.mark.parametrize("ctx", [None, 1000])
def test_a_prompt_with_many_responses_is_decoded_once_for_all_batches(
    kind: Kind,
    models: Models,
    threads: int,
    reference: Reference,
    decodes: list[Decode],
    ctx: int | None,
) -> None:
    items = [Item(long_text(150), text) for text in sentences()[:120]]
    with opened_engine(models[kind.name], threads=threads, ctx=ctx) as engine:
        found = scores(engine, items)
        ids = [engine.vocabulary.encode(asked(engine, item)) for item in items]
    wanted = {item: reference.judged(item.prompt, item.response) for item in items[::7]}
    require_close(found[::7], items[::7], wanted)
    common = min(common_prefix(ids[0], other) for other in ids)
    assert common > 200
    assert len(decodes) > 4
    # Once more where the context had to grow.
    assert sum(one.tokens for one in decodes) <= 2 * common + sum(len(one) - common for one in ids)


def test_what_was_left_for_others_disturbs_none(
    kind: Kind, models: Models, threads: int, reference: Reference
) -> None:
    many = [Item(long_text(60, seed=seed), text) for seed in (1, 2) for text in sentences()[:40]]
    items = [*many[:30], Item("Hi"), *many[30:], *PAIRS[:5], *many[:10], Item("Hi", "Ho")]
    with opened_engine(models[kind.name], threads=threads, ctx=700) as engine:
        found = scores(engine, items)
    wanted = {item: reference.judged(item.prompt, item.response) for item in items}
    require_close(found, items, wanted)


def test_a_single_text_is_packed_where_that_is_much_faster(
    engine: LlamaEngine, reference: Reference
) -> None:
    items = [item_of(reference, tokens) for tokens in (512, 513, 1500)]
    found = [packed(engine, [item])[0] for item in items]
    assert [score.exact for score in found if isinstance(score, Score)] == [True, False, False]
    wanted = {item: reference.judged(item.prompt) for item in items}
    require_close([score.unsafe for score in found if isinstance(score, Score)], items, wanted)
