"""Which settings are fastest: pure, by whatever measures a plan.

One setting after another is tried from the rule's plan on. Runs of all its values take turns, so
that a machine that slows down slows all of them, and the best run of each counts: what disturbs a
run only ever makes it slower. A value has to win by more than runs of the same value differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from seaguard_cli.engine.facts import Machine
from seaguard_cli.engine.plan import BATCHES, EXACT_UBATCH, Plan

RUNS = 3
# What differs by less is not worth other scores than those of the rule's plan.
LEAST_GAIN = 0.03
# One that is so much slower at first will not catch up.
_HOPELESS = 0.75
_UBATCHES = (256, 512, 1024)
_UBATCHES_ON_GPU = (512, 1024, 2048)

# Gives the tokens/s of a plan with at least so many tokens in a batch; 0 for a plan that cannot be
# run, None when there is no time left to run it.
Measure = Callable[[Plan, int], float | None]


@dataclass(slots=True)
class Trial:
    """One value of a setting: its runs in tokens/s, and whether it was taken."""

    setting: str
    value: str
    plan: Plan
    rates: list[float] = field(default_factory=list)
    chosen: bool = False

    @property
    def best(self) -> float | None:
        """Give the best run, None where there was none."""
        return max(self.rates, default=None)

    @property
    def noise(self) -> float:
        """Give by which part the best run is better than the next; one run says nothing."""
        first, *others = sorted(self.rates, reverse=True) or [0.0]
        return 1 - others[0] / first if others and first else 0.0


@dataclass(frozen=True, slots=True)
class Setting:
    """What is tried: its name, and the values that it may have beside a plan's own.

    Nothing shows with fewer than `tokens` in a batch.
    """

    name: str
    say: Callable[[Plan], str]
    others: Callable[[Plan], Sequence[Plan]]
    tokens: int = 0


def settings_for(machine: Machine, *, fixed: frozenset[str], repacks: bool) -> list[Setting]:
    """Give what is worth trying on a machine, what matters most first; `fixed` are left alone."""
    listed = [
        Setting("GPU layers", _say_layers, lambda plan: _layers(plan, machine)),
        Setting("repacking", _say_repack, lambda plan: _repacking(plan) if repacks else []),
        Setting("threads", lambda plan: str(plan.threads), lambda plan: _threads(plan, machine)),
        Setting("flash attention", _say_flash, _flash),
        Setting("micro-batch", lambda plan: str(plan.ubatch), _ubatch, max(_UBATCHES)),
    ]
    return [one for one in listed if one.name not in fixed]


def sweep(start: Plan, settings: Sequence[Setting], measure: Measure) -> Iterator[list[Trial]]:
    """Try each setting in turn, and give its trials when it is decided: one of them is chosen.

    A setting with nothing to choose from is left out. The last chosen plan is the winner.
    """
    plan = start
    for setting in settings:
        plans = [plan, *(other for other in setting.others(plan) if other != plan)]
        if len(plans) == 1:
            continue
        trials = [Trial(setting.name, setting.say(one), one) for one in plans]
        _run(trials, measure, setting.tokens)
        winner = _winner(trials)
        winner.chosen = True
        plan = winner.plan
        yield trials


def _run(trials: Sequence[Trial], measure: Measure, tokens: int) -> None:
    """Run each trial so many times, in turns, those without hope once."""
    running = list(trials)
    for _ in range(RUNS):
        for trial in running:
            rate = measure(trial.plan, tokens)
            if rate is None:
                return
            trial.rates.append(rate)
        best = max(trial.best or 0 for trial in running)
        running = [one for one in running if one is trials[0] or (one.best or 0) > _HOPELESS * best]
        if len(running) == 1:
            return


def _winner(trials: Sequence[Trial]) -> Trial:
    """Give the fastest, or the first of them where none is faster by more than chance."""
    first, *others = trials
    # One that could not be run at all is beaten by any that could.
    if first.rates and not first.best:
        return max(others, key=lambda one: one.best or 0, default=first)
    sure = [one for one in others if len(one.rates) > 1 and len(first.rates) > 1]
    if not sure:
        return first
    fastest = max(sure, key=lambda one: one.best or 0)
    needed = 1 + max(LEAST_GAIN, first.noise, fastest.noise)
    return fastest if (fastest.best or 0) > (first.best or 0) * needed else first


def _layers(plan: Plan, machine: Machine) -> list[Plan]:
    if not machine.gpus:
        return []
    halves = [plan.gpu_layers // 2] if plan.gpu_layers > 1 else []
    return [replace(plan, gpu_layers=layers) for layers in (*halves, 0)]


def _repacking(plan: Plan) -> list[Plan]:
    # Weights on a GPU are not repacked.
    return [] if plan.gpu_layers < 0 else [replace(plan, repack=not plan.repack)]


def _threads(plan: Plan, machine: Machine) -> list[Plan]:
    if plan.gpu_layers < 0:
        return []
    counts = {machine.processors - 1, machine.processors // 2, machine.processors}
    return [replace(plan, threads=count) for count in sorted(counts, reverse=True) if count > 0]


def _flash(plan: Plan) -> list[Plan]:
    return [replace(plan, flash_attention=flash) for flash in (True, False)]


def _ubatch(plan: Plan) -> list[Plan]:
    sizes = _UBATCHES_ON_GPU if plan.on_gpu else _UBATCHES
    # No smaller a batch than by the rule: it is the micro-batch alone that is tried.
    return [
        replace(plan, ubatch=size, batch=BATCHES * max(size, EXACT_UBATCH))
        for size in sizes
        if size != plan.ubatch
    ]


def _say_layers(plan: Plan) -> str:
    return "all" if plan.gpu_layers < 0 else str(plan.gpu_layers)


def _say_repack(plan: Plan) -> str:
    return "repacked" if plan.repack else "as in the file"


def _say_flash(plan: Plan) -> str:
    return {None: "llama.cpp's choice", True: "on", False: "off"}[plan.flash_attention]
