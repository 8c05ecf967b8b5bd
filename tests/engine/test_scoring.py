"""From logits to a score, in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaguard_cli.engine.grammar import VerdictTokens
from seaguard_cli.engine.scoring import score_of
from seaguard_cli.errors import Failure, FailureCode
from seaguard_cli.prompt import VerdictWords
from seaguard_cli.verdict import Score

TOKENS = VerdictTokens(1, 3, VerdictWords("safe", "unsafe"))
LOGIT = st.floats(-1e4, 1e4, width=32)


def scored(*logits: float) -> Score:
    score = score_of(np.array(logits, dtype=np.float32), TOKENS)
    assert isinstance(score, Score)
    return score


def test_equal_logits_are_one_half() -> None:
    assert scored(0, 2, 0, 2).unsafe == 0.5


@given(safe=LOGIT, unsafe=LOGIT, other=LOGIT)
def test_the_score_is_the_softmax_over_the_two_verdicts(
    safe: float, unsafe: float, other: float
) -> None:
    score = scored(other, safe, other, unsafe)
    gap = min(safe - unsafe, 700.0)
    assert score.unsafe == pytest.approx(1 / (1 + math.exp(gap)), rel=1e-12)
    assert 0 <= score.unsafe <= 1
    assert 0 <= score.mass <= 1 + 1e-6


def test_the_mass_is_what_the_whole_vocabulary_gives_to_the_verdicts() -> None:
    third = math.log(1 / 3)
    assert scored(third, third, -1e4, third).mass == pytest.approx(2 / 3)
    assert scored(-1e4, 0, -1e4, 0).mass == pytest.approx(1)
    assert scored(100, 0, 100, 0).mass == pytest.approx(0, abs=1e-12)


def test_extreme_logits_overflow_nowhere() -> None:
    assert scored(0, 1e38, 0, -1e38).unsafe == pytest.approx(0, abs=1e-300)
    assert scored(0, -1e38, 0, 1e38).unsafe == 1


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("at", [1, 3])
def test_a_verdict_logit_that_is_not_finite_is_a_failure(broken: float, at: int) -> None:
    logits = np.zeros(5, dtype=np.float32)
    logits[at] = broken
    outcome = score_of(logits, TOKENS)
    assert isinstance(outcome, Failure)
    assert outcome.code == FailureCode.ENGINE


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_another_logit_that_is_no_number_is_a_failure(broken: float) -> None:
    logits = np.zeros(5, dtype=np.float32)
    logits[0] = broken
    assert isinstance(score_of(logits, TOKENS), Failure)
