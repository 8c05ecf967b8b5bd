"""A whole measurement: which settings are fastest here, and what they come to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from seaguard_cli.bench.bed import Bed
from seaguard_cli.bench.sweep import Trial, settings_for, sweep
from seaguard_cli.bench.texts import LENGTHS
from seaguard_cli.bench.whole import (
    FirstVerdict,
    first_verdict,
    forget_peak,
    peak_here,
    texts_per_second,
)
from seaguard_cli.engine import Cancellation, EngineOptions
from seaguard_cli.engine.facts import Found, Machine, Situation
from seaguard_cli.engine.llamacpp import plan_here
from seaguard_cli.engine.machine import machine_here
from seaguard_cli.engine.need import weights_need
from seaguard_cli.engine.plan import Plan
from seaguard_cli.guard import Guard
from seaguard_cli.weights import Weights, load_catalogue, locate
from seaguard_cli.weights.facts import facts_of
from seaguard_cli.weights.machine import memory_free

# How long each length of text is judged for: a small part of the whole.
_PART = 1 / 20


@dataclass(slots=True)
class Result:
    """What was measured; `complete` is False when there was no time for every setting.

    `texts` are texts/s by length, `peak` the resident bytes of the stream. On a `busy` machine
    threads are left alone: what other programs take just now is no trait of it.
    """

    model: str
    machine: Machine
    rule: Plan
    winner: Plan
    trials: list[Trial] = field(default_factory=list)
    complete: bool = True
    texts: dict[str, float] = field(default_factory=dict)
    first: FirstVerdict | None = None
    peak: int | None = None
    busy: bool = False

    @property
    def found(self) -> Found:
        """Give the settings that won."""
        plan = self.winner
        return Found(
            repack=plan.repack,
            threads=plan.threads,
            batch=plan.batch,
            ubatch=plan.ubatch,
            flash_attention=plan.flash_attention,
            gpu_layers=plan.gpu_layers,
        )


class Bench:
    """Measures one model. `told` is called with what is being done.

    Raises UsageError and WeightsError when it is made.
    """

    def __init__(
        self,
        model: str,
        options: EngineOptions,
        *,
        family: str | None,
        seconds: float,
        told: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._catalogue = load_catalogue()
        self.weights: Weights = locate(model, self._catalogue)
        self._model = model
        self._options = options
        self._family = family
        self._seconds = seconds
        self._told = told
        self._cancellation = Cancellation()
        self._guard: Guard | None = None

    def cancel(self) -> bool:
        """Ask the work to end with Interrupted; see `Guard.cancel`."""
        if self._guard:
            return self._guard.cancel()
        return self._cancellation.request()

    def settings(self) -> Result:
        """Give which settings are fastest. Raises EngineError, WeightsError and Interrupted."""
        path, options = self.weights.path, self._options
        facts = facts_of(path, self.weights.label)
        situation = Situation(facts, memory_free(), self._catalogue.repack)
        busy = _is_busy(machine_here().processors)
        # What cannot judge is not worth measuring: this opens it as `check` does.
        with self._opened(None) as guard:
            _ = guard.device
        rule = plan_here(options, situation).fitted(facts.trained_ctx)
        machine = machine_here()
        room = situation.memory
        repacks = room is None or weights_need(facts, repack=True) + facts.size // 4 < room
        fixed = {"threads": options.threads or busy, "GPU layers": options.gpu_layers is not None}
        settings = settings_for(
            machine if options.device != "cpu" else Machine(machine.processors),
            fixed=frozenset(name for name, asked in fixed.items() if asked),
            repacks=repacks,
        )
        bed = Bed(path, self._seconds, self._cancellation, self._told)
        result = Result(self.weights.label, machine, rule, rule, busy=busy)
        try:
            bed.prepare(rule)
            for trials in sweep(rule, settings, bed.measure):
                result.trials += trials
                result.winner = next(one.plan for one in trials if one.chosen)
                result.complete &= all(one.rates for one in trials)
                bed.keep_only(result.winner)
        finally:
            bed.close()
        return result

    def whole(self, result: Result) -> None:
        """Add what the settings come to. Raises EngineError and Interrupted."""
        forget_peak()
        with self._opened(result.found) as guard:
            for length, words in LENGTHS.items():
                self._told(f"{length} texts")
                result.texts[length] = texts_per_second(guard, words, self._seconds * _PART)
            result.peak = peak_here()
        self._told("the first verdict")
        result.first = first_verdict(self._arguments(result.winner))

    @contextmanager
    def _opened(self, found: Found | None) -> Iterator[Guard]:
        """Give a guard with these settings, as `check` would have it."""
        options = self._options
        guard = Guard(
            self._model,
            family=self._family,
            device=options.device,
            threads=options.threads,
            gpu_layers=options.gpu_layers,
            found=found,
        )
        self._guard = guard
        try:
            if self._cancellation.requested:
                guard.cancel()
            yield guard
        finally:
            self._guard = None
            guard.close()

    def _arguments(self, winner: Plan) -> list[str]:
        options = self._options
        arguments = ["-m", self._model, "--threads", str(winner.threads)]
        arguments += ["--device", options.device]
        if options.gpu_layers is not None:
            arguments += ["--gpu-layers", str(options.gpu_layers)]
        return arguments + (["--family", self._family] if self._family else [])


def _is_busy(processors: int) -> bool:
    """Tell whether other programs took half of the processors in the last minute."""
    with suppress(AttributeError, OSError):
        return os.getloadavg()[0] > processors / 2
    return False
