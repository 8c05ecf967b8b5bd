"""The canaries, judged by a model that is on this machine."""

from __future__ import annotations

from seaguard_cli.cli.interrupt import interruptible
from seaguard_cli.errors import CanariesFailed
from seaguard_cli.guard import Guard
from seaguard_cli.verdict import Item, Verdict
from seaguard_cli.weights import CanaryOutcome, assess, load_canaries


def run_canaries(guard: Guard) -> CanaryOutcome:
    """Judge the canaries. Raises WeightsError when the model is no guard, and EngineError."""
    canaries = load_canaries()
    with interruptible(guard):
        outcomes = list(guard.stream([Item(one.text) for one in canaries], errors="yield"))
    return assess(canaries, [one if isinstance(one, Verdict) else None for one in outcomes])


def require_sound(outcome: CanaryOutcome, model: str, remedy: str) -> None:
    """Raise CanariesFailed when the canaries show that something is broken."""
    if outcome.problem:
        raise CanariesFailed(model=model, problem=outcome.problem, remedy=remedy)
