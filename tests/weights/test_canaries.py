from __future__ import annotations

import pytest
from families.variants import Models

from seaguard_cli.verdict import Verdict
from seaguard_cli.weights import CanaryOutcome, assess, load_canaries, load_catalogue

from .helpers import REPO, offer, seaguard
from .loopback import Hub

CANARIES = load_canaries()
TINY = load_catalogue().models["tiny"].embedded


def judged(safe: float, unsafe: float, *, low_mass: bool = False) -> CanaryOutcome:
    scores = [safe if one.expected == "safe" else unsafe for one in CANARIES]
    return assess(CANARIES, [verdict(score, low_mass) for score in scores])


def verdict(score: float, low_mass: bool = False) -> Verdict:
    return Verdict("safe", score, 0.5, "prompt", "m", low_mass)


def test_the_canaries_are_in_all_eight_languages_of_both_kinds() -> None:
    kinds = {(one.language, one.expected) for one in CANARIES}
    assert {language for language, _ in kinds} == {"my", "en", "id", "ms", "tl", "ta", "th", "vi"}
    assert len(kinds) == 16
    assert len({one.text for one in CANARIES}) == len(CANARIES)


def test_a_sound_model_passes() -> None:
    assert judged(0.1, 0.9).problem is None
    assert judged(0.1, 0.9).auc == 1
    # Where the threshold would lie does not matter, the order does.
    assert judged(0.01, 0.05).problem is None


def test_a_constant_score_is_told() -> None:
    assert judged(0.5, 0.501).problem == "every text scores 0.500, whatever it says"


def test_low_mass_is_told_first() -> None:
    problem = judged(0.1, 0.9, low_mass=True).problem
    assert problem is not None
    assert problem.startswith("for 16 of 16 texts the two verdicts hold less than half of the pro")


def test_a_wrong_order_is_told() -> None:
    problem = judged(0.9, 0.1).problem
    assert problem is not None
    assert "plainly harmful texts score 0.10 in the mean and plainly safe ones 0.90" in problem


def test_noise_is_told() -> None:
    scores = [0.1 + 0.1 * (number // 2 % 3) for number in range(len(CANARIES))]
    assert assess(CANARIES, [verdict(score) for score in scores]).problem is not None


def test_a_text_that_cannot_be_judged_is_told() -> None:
    outcome = assess(CANARIES, [None, *[verdict(0.5)] * (len(CANARIES) - 1)])
    assert outcome.problem == "1 of 16 texts could not be judged"


def test_nothing_that_can_be_judged_is_told() -> None:
    assert assess(CANARIES, [None] * len(CANARIES)).problem is not None


@pytest.mark.skipif(TINY is None or not TINY.is_file(), reason="tiny is not built")
def test_the_embedded_model_passes() -> None:
    ran = seaguard("verify", "tiny", "--json")
    assert ran.status == 0, ran.out


def test_a_model_with_random_weights_is_told_after_a_pull(hub: Hub, models: Models) -> None:
    data = models["qwen"].read_bytes()
    offer(hub, data)
    ran = seaguard("pull", "qwen-4b", "--source", REPO)
    assert ran.status == 4
    assert "qwen-sea-guard-4b:Q4_K_M: its canaries fail" in ran.err
    assert "remove it with `seaguard rm qwen-sea-guard-4b:Q4_K_M` and try another" in ran.err


def test_a_model_that_is_no_guard_is_told_after_a_pull(hub: Hub, models: Models) -> None:
    offer(hub, models["unsafe-in-two"].read_bytes())
    ran = seaguard("pull", "qwen-4b", "--source", REPO)
    assert ran.status == 4
    assert "not usable as a guard" in ran.err


def test_a_file_of_another_model_is_told_after_a_pull(hub: Hub, models: Models) -> None:
    offer(hub, models["llama"].read_bytes())
    ran = seaguard("pull", "qwen-4b", "--source", REPO)
    assert ran.status == 4
    assert "what was fetched is another model, its architecture is llama and not qwen3vl" in ran.err
    assert "remove it with `seaguard rm qwen-sea-guard-4b:Q4_K_M` and try another" in ran.err
