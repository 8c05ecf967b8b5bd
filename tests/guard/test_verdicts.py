"""From a score to a verdict: threshold, label, task, mass."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from seaguard_cli import Guard
from seaguard_cli.errors import UsageError
from seaguard_cli.verdict import Verdict

from .conftest import Making
from .helpers import FakeEngine, scoring


def test_a_verdict_says_how_it_came_about(making: Making) -> None:
    with making(threshold=0.25) as guard:
        assert guard.check(scoring(0.9).prompt) == Verdict(
            label="unsafe", score=0.9, threshold=0.25, task="prompt", model="some.model"
        )


@pytest.mark.parametrize(
    ("score", "label"),
    [(0.5, "unsafe"), (math.nextafter(0.5, 0), "safe"), (0.0, "safe"), (1.0, "unsafe")],
)
def test_a_score_that_equals_the_threshold_is_unsafe(
    making: Making, score: float, label: str
) -> None:
    with making(threshold=0.5) as guard:
        verdict = guard.check(scoring(score).prompt)
    assert (verdict.label, verdict.score) == (label, score)


@pytest.mark.parametrize(
    ("threshold", "score", "label"),
    [
        (0, 0.0, "unsafe"),
        (1, math.nextafter(1, 0), "safe"),
        (1, 1.0, "unsafe"),
        (0.1, 0.1, "unsafe"),
    ],
)
def test_the_threshold_may_be_anywhere_from_0_to_1(
    making: Making, threshold: float, score: float, label: str
) -> None:
    with making(threshold=threshold) as guard:
        assert guard.check(scoring(score).prompt).label == label


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf])
@pytest.mark.parametrize("option", ["threshold", "settle"])
def test_a_share_outside_0_to_1_is_refused(making: Making, option: str, value: float) -> None:
    with pytest.raises(UsageError):
        making(**{option: value})


@pytest.mark.parametrize(("mass", "low"), [(0.5, False), (0.499, True), (1.0, False), (0.0, True)])
def test_less_than_half_of_the_probability_on_the_verdicts_is_a_low_mass(
    making: Making, mass: float, low: bool
) -> None:
    with making() as guard:
        assert guard.check(scoring(0.9, mass=mass).prompt).low_mass is low


def test_a_pair_is_the_response_task(making: Making) -> None:
    with making() as guard:
        assert guard.check(scoring(0.9).prompt, "an answer").task == "response"
        assert guard.check(scoring(0.9).prompt, "").task == "response"
        assert guard.check(scoring(0.9).prompt).task == "prompt"


def test_a_lone_text_is_a_response_where_the_task_says_so(
    making: Making, engines: list[FakeEngine]
) -> None:
    text = scoring(0.9).prompt
    with making(task="response") as guard:
        assert guard.check(text).task == "response"
    assert engines[0].batches == [[f"\nAI assistant:{text}"]]


def test_a_guard_loads_nothing_before_it_judges(making: Making, engines: list[FakeEngine]) -> None:
    with making() as guard:
        assert not guard.loaded
        assert engines == []
        guard.check(scoring(0.9).prompt)
        assert guard.loaded
        guard.check(scoring(0.8).prompt)
    assert len(engines) == 1


def test_only_a_known_model_is_held_to_its_own_spelling_of_the_verdicts(
    making: Making, engines: list[FakeEngine]
) -> None:
    with making() as guard:
        guard.check(scoring(0.9).prompt)
    assert [words.safe for words in engines[0].spellings] == ["safe", " safe"]


@pytest.mark.parametrize("threads", [0, -1, 513, 10**20])
def test_threads_that_llama_cpp_cannot_take_are_refused(model: Path, threads: int) -> None:
    with pytest.raises(UsageError, match=f"threads is {threads}, .* from 1 to 512"):
        Guard(str(model), threads=threads)


def test_an_unknown_family_is_refused(model: Path) -> None:
    with pytest.raises(UsageError, match="mistral"):
        Guard(str(model), family="mistral")
