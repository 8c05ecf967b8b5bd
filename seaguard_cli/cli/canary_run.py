"""The canaries, judged by a model that is on this machine."""

from __future__ import annotations

from seaguard_cli.cli.interrupt import interruptible
from seaguard_cli.cli.report import Report
from seaguard_cli.errors import CanariesFailed, EngineError
from seaguard_cli.guard import Guard
from seaguard_cli.verdict import Item, Verdict
from seaguard_cli.weights import CanaryOutcome, assess, load_canaries


def run_canaries(guard: Guard) -> CanaryOutcome:
    """Judge the canaries. Raises WeightsError when the model is no guard, and EngineError."""
    canaries = load_canaries()
    with interruptible(guard):
        outcomes = list(guard.stream([Item(one.text) for one in canaries], errors="yield"))
    return assess(canaries, [one if isinstance(one, Verdict) else None for one in outcomes])


def tried(model: str, report: Report) -> CanaryOutcome | None:
    """Let weights that have just come judge the canaries. Raises WeightsError.

    Gives None, and tells why, when this machine cannot run them: that is no fault of theirs.
    """
    try:
        with Guard(model) as guard:
            return run_canaries(guard)
    except EngineError as error:
        from seaguard_cli.cli.messages import sentence_of

        report.warn(f"it is here, and could not be tried: {sentence_of(error)}")
        return None


def require_sound(outcome: CanaryOutcome, model: str, remedy: str, report: Report) -> None:
    """Tell that all is well. Raises CanariesFailed when the canaries show that something is not."""
    if outcome.problem:
        raise CanariesFailed(model=model, problem=outcome.problem, remedy=remedy)
    report.note(f"its canaries pass, with {outcome.auc:.0%} of the pairs in order")
