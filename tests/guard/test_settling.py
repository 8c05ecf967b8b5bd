"""A packed score near the threshold is measured again alone; no other is."""

from __future__ import annotations

import pytest

from seaguard_cli.errors import Failure, FailureCode

from .conftest import Making
from .helpers import FakeEngine, failing, scoring


def test_only_scores_within_settle_of_the_threshold_are_measured_again(
    making: Making, engines: list[FakeEngine]
) -> None:
    items = [scoring(at / 100, 0.77) for at in range(0, 101, 5)]
    with making(threshold=0.5, settle=0.2) as guard:
        verdicts = list(guard.stream(items))
    for at, verdict in zip(range(0, 101, 5), verdicts, strict=True):
        assert verdict.score == (0.77 if 30 <= at <= 70 else at / 100)
    assert engines[0].alone == [item.prompt for item in items[6:15]]


def test_what_is_undecided_in_a_batch_is_measured_at_once(
    making: Making, engines: list[FakeEngine]
) -> None:
    items = [scoring(0.5, 0.1, nr=at) for at in range(10)]
    with making() as guard:
        assert [verdict.score for verdict in guard.stream(items)] == [0.1] * 10
    assert engines[0].alone == [item.prompt for item in items]
    assert engines[0].rounds == len(engines[0].batches) == 3


def test_the_score_measured_alone_decides(making: Making) -> None:
    with making() as guard:
        verdicts = list(guard.stream([scoring(0.45, 0.55), scoring(0.55, 0.45)]))
    assert [verdict.label for verdict in verdicts] == ["unsafe", "safe"]


def test_settling_goes_with_the_threshold(making: Making, engines: list[FakeEngine]) -> None:
    items = [scoring(0.05), scoring(0.5), scoring(0.25)]
    with making(threshold=0.1, settle=0.2) as guard:
        list(guard.stream(items))
    assert engines[0].alone == [items[0].prompt, items[2].prompt]


def test_settling_everything_or_nothing(making: Making, engines: list[FakeEngine]) -> None:
    items = [scoring(0.0, 0.5), scoring(0.501, 0.4), scoring(1.0, 0.5)]
    with making(settle=1) as guard:
        assert [verdict.score for verdict in guard.stream(items)] == [0.5, 0.4, 0.5]
    with making(settle=0) as guard:
        assert [verdict.score for verdict in guard.stream(items)] == [0.0, 0.501, 1.0]
    assert engines[1].alone == []


def test_a_score_that_no_neighbour_moved_is_not_measured_again(
    making: Making, engines: list[FakeEngine]
) -> None:
    with making() as guard:
        assert guard.check(scoring(0.5, 0.1, exact=True).prompt).score == 0.5
    assert engines[0].alone == []


def test_an_item_that_fails_alone_is_a_failure(making: Making) -> None:
    with making() as guard:
        (outcome,) = guard.stream([failing(packed=0.5)], errors="yield")
    assert isinstance(outcome, Failure)
    assert outcome.code == FailureCode.ENGINE


@pytest.mark.parametrize("count", [1, 3, 40])
def test_a_deterministic_guard_never_packs(
    making: Making, engines: list[FakeEngine], count: int
) -> None:
    items = [scoring(0.9, 0.1, nr=at) for at in range(count)]
    with making(deterministic=True) as guard:
        assert {verdict.score for verdict in guard.stream(items)} == {0.1}
    assert engines[0].batches == []
    assert engines[0].alone == [item.prompt for item in items]
    assert engines[0].options.deterministic
