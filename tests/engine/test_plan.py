"""The settings that a model runs with follow from what was asked and what there is."""

from __future__ import annotations

import pytest

from seaguard_cli.engine import EngineOptions
from seaguard_cli.engine.facts import Gpu, Machine
from seaguard_cli.engine.plan import DEFAULT_CTX, make_plan


@pytest.mark.parametrize(
    ("device", "usable", "layers"),
    [
        ("auto", False, 0),
        ("auto", True, -1),
        ("cpu", True, 0),
        ("cpu", False, 0),
        ("gpu", True, -1),
    ],
)
def test_the_device_decides_what_is_offloaded(device: str, usable: bool, layers: int) -> None:
    options = EngineOptions(device=device)  # type: ignore[arg-type]
    plan = make_plan(options, Machine(4, gpus=(Gpu("a GPU"),) if usable else ()))
    assert plan.gpu_layers == layers
    assert plan.on_gpu is (layers != 0)


def test_so_many_layers_are_offloaded_as_were_asked_for() -> None:
    plan = make_plan(EngineOptions("gpu", gpu_layers=7), Machine(4, gpus=(Gpu("a GPU"),)))
    assert plan.gpu_layers == 7
    assert not make_plan(
        EngineOptions("gpu", gpu_layers=0), Machine(4, gpus=(Gpu("a GPU"),))
    ).on_gpu


def test_layers_asked_for_on_the_cpu_are_not_offloaded() -> None:
    assert not make_plan(
        EngineOptions("cpu", gpu_layers=7), Machine(4, gpus=(Gpu("a GPU"),))
    ).on_gpu


def test_threads_and_context_are_those_asked_for_or_fitting() -> None:
    asked = make_plan(EngineOptions(threads=3, ctx=700), Machine(8))
    assert (asked.threads, asked.ctx) == (3, 700)
    left = make_plan(EngineOptions(), Machine(8))
    assert (left.threads, left.ctx) == (8, DEFAULT_CTX)


@pytest.mark.parametrize(
    ("tokens", "ctx"), [(1, 256), (256, 256), (257, 512), (3000, 3072), (4097, 4096), (9999, 4096)]
)
def test_a_context_is_as_small_as_its_tokens_let_it(tokens: int, ctx: int) -> None:
    plan = make_plan(EngineOptions(), Machine(1))
    assert plan.context_for(tokens) == ctx


@pytest.mark.parametrize(
    ("asked", "ctx", "window", "largest"),
    [
        (None, None, 2048, 4096),
        (1000, None, 1000, 4096),
        (8192, None, 8192, 8192),
        (None, 512, 512, 512),
        (None, 16384, 2048, 16384),
        (4096, 8192, 4096, 8192),
    ],
)
def test_the_context_may_be_as_large_as_a_window_and_no_window_larger_than_it(
    asked: int | None, ctx: int | None, window: int, largest: int
) -> None:
    options = EngineOptions(ctx=ctx, max_window=asked)
    plan = make_plan(options, Machine(1))
    assert (plan.window, plan.ctx) == (window, largest)


def test_no_window_is_larger_than_the_models_own_context() -> None:
    plan = make_plan(EngineOptions(), Machine(1))
    assert [plan.fitted(trained).window for trained in (0, 256, 2047, 8192)] == [
        2048,
        256,
        2047,
        2048,
    ]


def test_no_context_is_larger_than_the_models_own() -> None:
    plan = make_plan(EngineOptions(ctx=4096), Machine(1))
    assert plan.fitted(1024).ctx == 1024
    assert plan.fitted(100_000).ctx == 4096
    assert plan.fitted(0).ctx == 4096


def test_the_exact_plan_fixes_every_setting_that_moves_a_score() -> None:
    options = [
        EngineOptions(),
        EngineOptions("cpu", threads=2, ctx=1000),
        EngineOptions("gpu", gpu_layers=3),
    ]
    for one in options:
        plan = make_plan(one, Machine(5, gpus=(Gpu("a GPU"),))).exact()
        assert (plan.ubatch, plan.sequences, plan.flash_attention) == (512, 1, False)
        assert plan.kv_float32
        assert not plan.repack
