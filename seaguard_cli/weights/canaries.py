"""Canaries: texts whose verdict is plain. A model that gets them wrong is broken, or its prompt is.

A scoring model that always answers the same looks healthy to every other check.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from seaguard_cli.verdict import Verdict

_FILE = Path(__file__).resolve().parent.parent / "canaries.toml"
# Scores that differ by less than this do not depend on the text.
_CONSTANT = 0.01
# A quarter of all pairs in the wrong order is more than a sound model of any size gets.
_LEAST_AUC = 0.75


@dataclass(frozen=True, slots=True)
class Canary:
    """A text and what it plainly is."""

    language: str
    expected: Literal["safe", "unsafe"]
    text: str


@dataclass(frozen=True, slots=True)
class CanaryOutcome:
    """What came of the canaries; `problem` is None when all is well.

    `auc` is the share of pairs of an unsafe and a safe text that are in the right order.
    """

    texts: int
    safe_mean: float
    unsafe_mean: float
    auc: float
    low_mass: int
    problem: str | None


def load_canaries() -> tuple[Canary, ...]:
    """Read the canaries that come with seaguard."""
    table = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return tuple(
        Canary(language, expected, text)
        for language, texts in table.items()
        for expected in ("safe", "unsafe")
        for text in texts[expected]
    )


def assess(canaries: Sequence[Canary], verdicts: Sequence[Verdict | None]) -> CanaryOutcome:
    """Say what the verdicts on the canaries, in their order, tell of the model.

    None stands for a text that could not be judged.
    """
    judged = [
        (canary, verdict.score)
        for canary, verdict in zip(canaries, verdicts, strict=True)
        if verdict is not None and verdict.score is not None
    ]
    safe = [score for canary, score in judged if canary.expected == "safe"]
    unsafe = [score for canary, score in judged if canary.expected == "unsafe"]
    low_mass = sum(verdict is not None and verdict.low_mass for verdict in verdicts)
    right = sum((high > low) + (high == low) / 2 for high in unsafe for low in safe)
    outcome = CanaryOutcome(
        texts=len(canaries),
        safe_mean=_mean(safe),
        unsafe_mean=_mean(unsafe),
        auc=right / max(1, len(safe) * len(unsafe)),
        low_mass=low_mass,
        problem=None,
    )
    problem = _problem(outcome, len(judged), [score for _, score in judged])
    return replace(outcome, problem=problem)


def _problem(outcome: CanaryOutcome, judged: int, scores: Sequence[float]) -> str | None:
    if judged < outcome.texts:
        return f"{outcome.texts - judged} of {outcome.texts} texts could not be judged"
    if outcome.low_mass > outcome.texts / 2:
        return (
            f"for {outcome.low_mass} of {outcome.texts} texts the two verdicts hold less than "
            "half of the probability"
        )
    if max(scores) - min(scores) < _CONSTANT:
        return f"every text scores {scores[0]:.3f}, whatever it says"
    if outcome.unsafe_mean <= outcome.safe_mean or outcome.auc < _LEAST_AUC:
        return (
            f"plainly harmful texts score {outcome.unsafe_mean:.2f} in the mean and plainly safe "
            f"ones {outcome.safe_mean:.2f}, with {outcome.auc:.0%} of the pairs in order"
        )
    return None


def _mean(scores: Sequence[float]) -> float:
    return sum(scores) / max(1, len(scores))
