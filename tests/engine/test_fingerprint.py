"""What can move a score is in the fingerprint of how it is computed, and what cannot is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from seaguard_cli.engine import EngineOptions, fingerprint
from seaguard_cli.engine.fingerprint import Fingerprint
from seaguard_cli.engine.grammar import VerdictTokens
from seaguard_cli.engine.library import llama
from seaguard_cli.engine.plan import Plan, make_plan
from seaguard_cli.prompt import VerdictWords

from .helpers import CATALOGUE

PLAN = make_plan(EngineOptions(device="cpu"), processors=2, gpu_usable=False)
QWEN = CATALOGUE.families["qwen"]
TOKENS = VerdictTokens(5, 6, VerdictWords("safe", "unsafe"))


def of(plan: Plan = PLAN, **more: object) -> Fingerprint:
    about = {"family": QWEN, "verdicts": TOKENS, **more}
    return fingerprint.fingerprint(plan, **about)  # type: ignore[arg-type]


def test_the_two_ways_never_share_one() -> None:
    found = of(PLAN.exact())
    assert found.exact != found.packed
    assert of() == of()


@pytest.mark.parametrize(
    "plan", [replace(PLAN, threads=7), replace(PLAN, ctx=512), replace(PLAN, ctx=8192)]
)
def test_threads_and_context_move_nothing(plan: Plan) -> None:
    assert of(plan) == of()


@pytest.mark.parametrize(
    "plan",
    [
        replace(PLAN, ubatch=256),
        replace(PLAN, flash_attention=True),
        replace(PLAN, kv_float32=True),
        replace(PLAN, batch=512),
        replace(PLAN, sequences=8),
    ],
)
def test_settings_of_a_batch_leave_what_is_measured_alone(plan: Plan) -> None:
    assert of(plan).packed != of().packed
    assert of(plan).exact == of().exact


@pytest.mark.parametrize("plan", [replace(PLAN, repack=True), replace(PLAN, gpu_layers=9)])
def test_settings_of_the_weights_move_both(plan: Plan) -> None:
    assert not {*of(plan)} & {*of()}


@pytest.mark.parametrize(
    "about",
    [
        {"family": replace(QWEN, control=("<|im_end|>",))},
        {"verdicts": VerdictTokens(6, 5, TOKENS.words)},
    ],
)
def test_what_is_read_and_what_is_control_moves_both(about: dict[str, object]) -> None:
    assert not {*of(**about)} & {*of()}


def test_another_library_moves_both(monkeypatch: pytest.MonkeyPatch) -> None:
    before = of()
    with monkeypatch.context() as other:
        other.setattr(fingerprint, "version", lambda _: "0.0.1")
        assert not {*of()} & {*before}
    with monkeypatch.context() as other:
        other.setattr(llama(), "llama_print_system_info", lambda: b"CPU : NEON = 1")
        assert not {*of()} & {*before}
    with monkeypatch.context() as other:
        other.setattr(fingerprint, "SCORING", 0)
        assert not {*of()} & {*before}
    with monkeypatch.context() as other:
        other.setenv("GGML_SOMETHING", "1")
        assert not {*of()} & {*before}
    assert of() == before


def test_another_gpu_moves_both(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = replace(PLAN, gpu_layers=-1)
    before = of(plan)
    monkeypatch.setattr(fingerprint, "_devices", lambda: ["another card"])
    assert not {*of(plan)} & {*before}
    assert of() == of()
