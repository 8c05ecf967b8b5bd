"""Which settings win: by made-up measurements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle

import pytest

from seaguard_cli.bench.sweep import RUNS, Trial, settings_for, sweep
from seaguard_cli.engine import EngineOptions
from seaguard_cli.engine.facts import Gpu, Machine
from seaguard_cli.engine.plan import Plan, make_plan

RULE = make_plan(EngineOptions("cpu"), Machine(4))
SETTINGS = settings_for(Machine(4), fixed=frozenset(), repacks=True)


def won(
    measure: Callable[[Plan], float | None], rule: Plan = RULE, machine: Machine | None = None
) -> tuple[Plan, list[Trial]]:
    settings = settings_for(machine, fixed=frozenset(), repacks=True) if machine else SETTINGS
    trials = [
        one for listed in sweep(rule, settings, lambda plan, _: measure(plan)) for one in listed
    ]
    chosen = [one.plan for one in trials if one.chosen]
    assert len(chosen) == len({one.setting for one in trials})
    return (chosen[-1] if chosen else rule), trials


def speed(plan: Plan) -> float:
    """A machine on which repacked weights, three threads and small micro-batches are fastest."""
    rate = 100.0
    rate *= 1.5 if plan.repack else 1
    rate *= {1: 0.5, 2: 0.8, 3: 1.2, 4: 1}[plan.threads]
    rate *= 0.9 if plan.flash_attention is False else 1
    return rate * {256: 1.1, 512: 1, 1024: 0.9}[plan.ubatch]


def test_each_setting_is_taken_where_it_is_fastest() -> None:
    plan, _ = won(speed)
    assert (plan.repack, plan.threads, plan.ubatch) == (True, 3, 256)
    assert plan.flash_attention is None
    assert plan.batch == RULE.batch


def test_where_nothing_differs_the_rules_plan_stays() -> None:
    plan, trials = won(lambda _: 100.0)
    assert plan == RULE
    assert all(len(one.rates) == RUNS for one in trials)


def noisy(plan: Plan, noise: Iterator[float], gain: float) -> float:
    return 100 * (gain if plan.repack else 1) * next(noise)


@pytest.mark.parametrize(
    ("noise", "gain", "switches"),
    [
        ((1.0,), 1.02, False),
        ((1.0,), 1.05, True),
        # Runs of one and the same plan differ by ten in a hundred.
        ((1.0, 0.98, 0.9, 0.88, 0.89, 0.87), 1.08, False),
        ((1.0, 0.98, 0.9, 0.88, 0.89, 0.87), 1.3, True),
    ],
)
def test_what_is_less_than_chance_switches_nothing(
    noise: tuple[float, ...], gain: float, switches: bool
) -> None:
    taking_turns = cycle(noise)
    settings = [one for one in SETTINGS if one.name == "repacking"]
    (trials,) = sweep(RULE, settings, lambda plan, _: noisy(plan, taking_turns, gain))
    assert next(one.plan.repack for one in trials if one.chosen) is switches


def test_a_machine_that_slows_down_slows_all_of_them() -> None:
    count = 0

    def slower(plan: Plan) -> float:
        nonlocal count
        count += 1
        return speed(plan) * 0.97**count

    plan, _ = won(slower)
    assert plan.repack


def test_what_is_hopeless_is_run_once() -> None:
    _, trials = won(lambda plan: 10.0 if plan.repack else 100.0)
    assert [len(one.rates) for one in trials if one.setting == "repacking"] == [1, 1]


def test_what_does_not_run_is_never_taken_and_the_rule_gives_way_to_what_does() -> None:
    plan, _ = won(lambda one: 0.0 if one.repack else 100.0)
    assert not plan.repack
    plan, _ = won(lambda one: 100.0 if one.repack else 0.0)
    assert plan.repack


def test_when_time_is_over_what_is_not_sure_stays() -> None:
    left = 3

    def measure(plan: Plan) -> float | None:
        nonlocal left
        left -= 1
        return speed(plan) if left >= 0 else None

    plan, trials = won(measure)
    assert plan == RULE
    assert [one.best for one in trials if one.setting != "repacking"] == [None] * (len(trials) - 2)


def test_what_was_asked_for_is_not_tried() -> None:
    settings = settings_for(Machine(4), fixed=frozenset({"threads"}), repacks=False)
    trials = [
        one for listed in sweep(RULE, settings, lambda plan, _: speed(plan)) for one in listed
    ]
    assert {one.setting for one in trials} == {"flash attention", "micro-batch"}


def test_with_a_gpu_its_layers_are_tried_and_what_matters_to_a_processor_is_not() -> None:
    machine = Machine(4, gpus=(Gpu("card"),))
    rule = replace(RULE, gpu_layers=-1)
    plan, trials = won(lambda one: 100.0 if one.gpu_layers else 20.0, rule, machine)
    assert plan.gpu_layers == -1
    assert {one.setting for one in trials} == {"GPU layers", "flash attention", "micro-batch"}
    plan, _ = won(lambda one: 20.0 if one.gpu_layers else 100.0, rule, machine)
    assert plan.gpu_layers == 0
