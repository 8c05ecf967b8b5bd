"""A model that cannot judge says so: a broken computation is never a verdict."""

from __future__ import annotations

from pathlib import Path

import llama_cpp.llama_cpp as llama_cpp
import pytest
from families.variants import Models

from seaguard_cli import Guard, ItemFailed
from seaguard_cli.errors import (
    Failure,
    FailureCode,
    FamilyUnclear,
    NotAGuard,
    OutOfMemory,
    SeaguardError,
    WeightsUnreadable,
)
from seaguard_cli.verdict import Item, Score

from .helpers import alone, asked, lone, opened_engine, packed


def opening(path: Path, threads: int, family: str | None = None) -> SeaguardError:
    """What opening the model at `path` raises."""
    with (
        pytest.raises(SeaguardError) as raised,
        opened_engine(path, threads=threads, family=family),
    ):
        pass
    return raised.value


def test_logits_that_are_no_numbers_are_failures(models: Models, threads: int) -> None:
    with opened_engine(models["not-a-number"], threads=threads) as engine:
        outcomes = packed(engine, [Item("Hi"), Item("Ho"), Item("Hi", "Ho")])
        outcomes.append(alone(engine, asked(engine, Item("Hi"))))
    for outcome in outcomes:
        assert isinstance(outcome, Failure)
        assert outcome.code == FailureCode.ENGINE
        assert "finite" in str(outcome.facts["problem"])


def test_the_guard_gives_no_verdict_on_them(models: Models, threads: int) -> None:
    for deterministic in (False, True):
        with (
            Guard(
                str(models["not-a-number"]), deterministic=deterministic, threads=threads
            ) as guard,
            pytest.raises(ItemFailed) as raised,
        ):
            guard.check("Hi")
        assert raised.value.failure.code == FailureCode.ENGINE


def test_a_text_that_llamacpp_cannot_decode_fails_alone(
    models: Models, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode = llama_cpp.llama_decode
    with opened_engine(models["qwen"], threads=threads) as engine:
        poison = engine.vocabulary.tokenise("😀", special=False)[-1]

        def failing(context: object, batch: llama_cpp.llama_batch) -> int:
            ids = [batch.token[at] for at in range(batch.n_tokens)]
            return -3 if poison in ids else int(decode(context, batch))

        texts = ["one", "two", "three 😀", "four", "five", "six", "seven"]
        wanted = {text: lone(engine, Item(text)) for text in texts}
        monkeypatch.setattr(llama_cpp, "llama_decode", failing)
        outcomes = packed(engine, [Item(text) for text in texts])
    for text, outcome in zip(texts, outcomes, strict=True):
        if "😀" in text:
            assert isinstance(outcome, Failure)
            assert outcome.code == FailureCode.ENGINE
            assert "-3" in str(outcome.facts["problem"])
        else:
            assert isinstance(outcome, Score)
            assert outcome.unsafe == pytest.approx(wanted[text], abs=0.02)


def test_a_text_for_which_there_is_no_room_at_all_fails(
    models: Models, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened_engine(models["qwen"], threads=threads) as engine:
        wanted = lone(engine, Item("Hi"))
        with monkeypatch.context() as patch:
            patch.setattr(llama_cpp, "llama_decode", lambda *_: 1)
            (outcome,) = packed(engine, [Item("Ho")])
        assert isinstance(outcome, Failure)
        assert outcome.code == FailureCode.ENGINE
        assert lone(engine, Item("Hi")) == pytest.approx(wanted, abs=1e-6)


def test_a_context_that_is_not_to_be_had_is_out_of_memory(
    models: Models, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened_engine(models["qwen"], threads=threads) as engine:
        monkeypatch.setattr(llama_cpp, "llama_init_from_model", lambda *_: None)
        with pytest.raises(OutOfMemory) as raised:
            alone(engine, asked(engine, Item("Hi")))
    assert raised.value.facts["ctx"] == 256


def test_a_truncated_file_is_unreadable(models: Models, threads: int) -> None:
    error = opening(models["truncated"], threads)
    assert isinstance(error, WeightsUnreadable)
    assert error.facts["path"] == str(models["truncated"])
    assert error.facts["reason"]


def test_a_file_without_weights_is_unreadable(models: Models, threads: int) -> None:
    assert isinstance(opening(models["without-weights"], threads), WeightsUnreadable)


def test_a_verdict_of_two_tokens_makes_no_guard_and_is_named(models: Models, threads: int) -> None:
    error = opening(models["unsafe-in-two"], threads)
    assert isinstance(error, NotAGuard)
    assert "'unsafe'" in str(error.facts["problem"])


def test_verdicts_with_a_blank_before_them_are_the_second_spelling(
    models: Models, threads: int
) -> None:
    with opened_engine(models["blank-before-verdicts"], threads=threads) as engine:
        assert (engine.words.safe, engine.words.unsafe) == (" safe", " unsafe")
        assert engine.vocabulary.piece(engine.verdicts.safe) == b" safe"
        assert engine.vocabulary.piece(engine.verdicts.unsafe) == b" unsafe"
        assert 0 <= lone(engine, Item("Hi")) <= 1


def test_a_guard_tells_of_an_unusual_spelling(models: Models, threads: int) -> None:
    with Guard(str(models["blank-before-verdicts"]), threads=threads) as guard:
        assert guard.unusual_verdicts == (" safe", " unsafe")
    with Guard(str(models["qwen"]), threads=threads) as guard:
        assert guard.unusual_verdicts is None


def test_a_vocabulary_of_two_families_must_be_decided_by_the_user(
    models: Models, threads: int
) -> None:
    error = opening(models["two-families"], threads)
    assert isinstance(error, FamilyUnclear)
    assert error.facts["found"] == "qwen and gemma"
    with opened_engine(models["two-families"], threads=threads, family="gemma") as engine:
        assert engine.family.name == "gemma"


def test_a_vocabulary_of_no_family_must_be_decided_by_the_user(
    models: Models, threads: int
) -> None:
    error = opening(models["no-family"], threads)
    assert isinstance(error, FamilyUnclear)
    assert error.facts["found"] == ""
    assert error.facts["known"] == "qwen, gemma, llama"


@pytest.mark.parametrize(
    ("model", "family", "missing"),
    [
        ("half-a-family", None, "<|im_end|>"),
        ("half-a-family", "qwen", "<|im_end|>"),
        ("qwen", "llama", "<|begin_of_text|>"),
        ("no-family", "qwen", "<|im_start|>"),
    ],
)
def test_a_wrapper_that_the_vocabulary_lacks_is_refused_and_its_token_named(
    models: Models, threads: int, model: str, family: str | None, missing: str
) -> None:
    error = opening(models[model], threads, family)
    assert isinstance(error, NotAGuard)
    assert missing in str(error.facts["problem"])


def test_a_family_can_be_named_where_the_vocabulary_tells_it_too(
    models: Models, threads: int
) -> None:
    with (
        Guard(str(models["llama"]), threads=threads, deterministic=True) as told,
        Guard(str(models["llama"]), threads=threads, deterministic=True, family="llama") as named,
    ):
        assert told.check("Hi") == named.check("Hi")
