"""A text that is too long is judged in windows, and the worst of them decides.

The engine counts every word as a token, and the highest number among a prompt's words is its score.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seaguard_cli import Guard
from seaguard_cli.engine import FLUSH, Flush
from seaguard_cli.errors import Failure, FailureCode, ItemFailed, UsageError, WindowTooLarge
from seaguard_cli.verdict import Item, Verdict, Window
from seaguard_cli.weights import Weights, load_catalogue

from .helpers import FakeEngine

Making = Callable[..., Guard]


@pytest.fixture
def making(engines: list[FakeEngine], tmp_path: Path) -> Making:
    """Makes guards whose engine reads scores in words; windows of ten, two of them shared."""
    path = tmp_path / "words.gguf"
    path.write_bytes(b"GGUF")
    standard = {"max_window": 10, "overlap": 2}
    return lambda **options: Guard(str(path), **(standard | options))


def filler(words: int, *places: tuple[int, str]) -> str:
    """So many plain words, others at the places named."""
    found = ["word"] * words
    for at, word in places:
        found[at] = word
    return " ".join(found)


def part(text: str, window: Window | None) -> str:
    assert window is not None
    return text[window.start : window.end]


def test_the_window_that_scores_highest_decides_and_is_named(making: Making) -> None:
    text = filler(100, (30, "0.6"), (57, "0.9"), (80, "0.7"))
    with making() as guard:
        verdict = guard.check(text)
    assert (verdict.label, verdict.score) == ("unsafe", 0.9)
    assert verdict.windows > 10
    assert verdict.window is not None
    assert verdict.window.field == "prompt"
    assert "0.9" in part(text, verdict.window).split()
    assert not verdict.truncated


@pytest.mark.parametrize("at", range(0, 60, 7))
def test_wherever_it_stands(making: Making, at: int) -> None:
    text = filler(60, (at, "0.9"))
    with making() as guard:
        verdict = guard.check(text)
    assert verdict.score == 0.9
    assert "0.9" in part(text, verdict.window).split()


def test_the_first_of_equal_windows_is_named(making: Making) -> None:
    text = filler(60, (5, "0.9"), (45, "0.9"))
    with making() as guard:
        verdict = guard.check(text)
    assert verdict.window is not None
    assert verdict.window.start == 0


def test_a_text_that_fits_has_no_windows(making: Making, engines: list[FakeEngine]) -> None:
    with making() as guard:
        verdict = guard.check(filler(10, (3, "0.9")))
    assert (verdict.windows, verdict.window, verdict.truncated) == (1, None, False)
    assert engines[0].batches == [[filler(10, (3, "0.9"))]]


def test_a_text_of_one_word_too_many_is_split(making: Making) -> None:
    with making() as guard:
        assert guard.check(filler(11)).windows == 2


def test_windows_of_long_texts_stand_in_batches_with_what_is_beside_them(
    making: Making, engines: list[FakeEngine]
) -> None:
    long = filler(30, (25, "0.8"))
    items = [Item("0.1"), Item(long), Item("0.7"), Item(filler(25, (2, "0.6"))), Item("0.9")]
    with making() as guard:
        verdicts = list(guard.stream(items))
    assert [one.score for one in verdicts] == [0.1, 0.8, 0.7, 0.6, 0.9]
    assert [one.windows > 1 for one in verdicts] == [False, True, False, True, False]
    assert [len(batch) for batch in engines[0].batches][:-1] == [4] * (len(engines[0].batches) - 1)


def test_an_item_comes_as_soon_as_its_last_window_is_measured(making: Making) -> None:
    def items() -> Iterator[Item | Flush]:
        yield Item(filler(40, (3, "0.9")))
        yield FLUSH
        pytest.fail("asked for more before giving what is known")

    with making() as guard:
        assert next(guard.stream(items())).score == 0.9


@pytest.mark.parametrize("deterministic", [False, True])
def test_windows_are_made_as_the_engine_asks_for_them(
    making: Making, engines: list[FakeEngine], monkeypatch: pytest.MonkeyPatch, deterministic: bool
) -> None:
    counted = 0

    def count(self: FakeEngine, prompt: object) -> int:
        nonlocal counted
        counted += 1
        measured = sum(map(len, self.batches)) + len(self.alone)
        assert counted < 40 * (measured + 6)
        return original(self, prompt)  # type: ignore[arg-type]

    original = FakeEngine.count
    monkeypatch.setattr(FakeEngine, "count", count)
    with making(deterministic=deterministic) as guard:
        assert guard.check(filler(3000)).windows > 300


def test_a_deterministic_guard_measures_every_window_alone(
    making: Making, engines: list[FakeEngine]
) -> None:
    text = filler(30, (12, "0.9/0.4"), (22, "0.1/0.3"))
    with making(deterministic=True) as guard:
        verdict = guard.check(text)
    assert (verdict.score, verdict.windows) == (0.4, len(engines[0].alone))
    assert engines[0].batches == []


class TestSettling:
    def test_a_window_near_the_threshold_is_measured_again_alone(
        self, making: Making, engines: list[FakeEngine]
    ) -> None:
        with making() as guard:
            verdict = guard.check(filler(30, (15, "0.45/0.55")))
        assert (verdict.label, verdict.score) == ("unsafe", 0.55)
        assert len(engines[0].alone) == 1

    def test_all_that_are_near_are_measured_and_the_worst_alone_decides(
        self, making: Making, engines: list[FakeEngine]
    ) -> None:
        text = filler(60, (4, "0.60/0.35"), (24, "0.55/0.40"), (44, "0.50/0.45"))
        with making() as guard:
            verdict = guard.check(text)
        assert (verdict.label, verdict.score) == ("safe", 0.45)
        assert "0.50/0.45" in part(text, verdict.window)
        assert len(engines[0].alone) == 3

    def test_a_window_that_is_decided_outweighs_one_that_settled_below_it(
        self, making: Making
    ) -> None:
        text = filler(60, (4, "0.60/0.1"), (44, "0.25"))
        with making() as guard:
            verdict = guard.check(text)
        assert (verdict.label, verdict.score) == ("safe", 0.25)

    def test_none_is_measured_again_behind_one_that_is_beyond_doubt(
        self, making: Making, engines: list[FakeEngine]
    ) -> None:
        text = filler(60, (4, "0.9"), (24, "0.6/0.99"), (44, "0.5/0.99"))
        with making() as guard:
            verdict = guard.check(text)
        assert (verdict.label, verdict.score) == ("unsafe", 0.9)
        assert engines[0].alone == []

    def test_none_is_measured_again_beside_one_of_its_batch_that_is_beyond_doubt(
        self, making: Making, engines: list[FakeEngine]
    ) -> None:
        text = filler(30, (4, "0.6/0.99"), (22, "0.9"))
        with making() as guard:
            verdict = guard.check(text)
        assert (verdict.label, verdict.score) == ("unsafe", 0.9)
        assert engines[0].alone == []

    def test_one_that_is_unsafe_but_near_leaves_the_others_to_be_measured(
        self, making: Making
    ) -> None:
        text = filler(60, (4, "0.6/0.55"), (44, "0.6/0.65"))
        with making() as guard:
            assert guard.check(text).score == 0.65

    NUMBERS = st.integers(0, 100).map(lambda number: number / 100)

    @settings(
        max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=6), NUMBERS, NUMBERS)
    def test_a_verdict_is_the_one_of_settling_every_window(
        self,
        making: Making,
        scores: list[tuple[float, float]],
        threshold: float,
        distance: float,
    ) -> None:
        # One number a window: they stand apart further than a window is long.
        places = [(20 * at, f"{one}/{other}") for at, (one, other) in enumerate(scores)]
        with making(overlap=0, threshold=threshold, settle=distance) as guard:
            verdict = guard.check(filler(20 * len(scores), *places))
        # What the filler's own windows score counts too.
        scores = [*scores, (0.01, 0.01)]
        settled = [other if abs(one - threshold) <= distance else one for one, other in scores]
        assert verdict.label == ("unsafe" if max(settled) >= threshold else "safe")
        assert verdict.score is not None
        if max(settled) <= threshold + distance:
            assert verdict.score == max(settled)
            return
        # Behind a score that is beyond doubt others need not be settled.
        beyond = [one for one, _ in scores if one > threshold + distance]
        assert verdict.score in {*beyond, *settled}
        assert verdict.score > threshold + distance
        assert verdict.score >= max(beyond, default=0.0)


class TestPairs:
    def test_the_longer_text_is_split_and_named(self, making: Making) -> None:
        long = filler(40, (33, "0.9"))
        with making() as guard:
            asked = guard.check(long, "short")
            answered = guard.check("short", long)
        assert (asked.task, answered.task) == ("response", "response")
        for verdict, field in ((asked, "prompt"), (answered, "response")):
            assert verdict.window is not None
            assert verdict.window.field == field
            assert "0.9" in part(long, verdict.window)
            assert verdict.kept is None

    def test_the_shorter_text_stands_beside_every_window(
        self, making: Making, engines: list[FakeEngine]
    ) -> None:
        with making() as guard:
            guard.check("two words", filler(40))
        assert all("two words" in text for batch in engines[0].batches for text in batch)

    def test_a_shorter_text_that_had_to_be_cut_is_told(self, making: Making) -> None:
        prompt, response = filler(15, (14, "0.99")), filler(40, (33, "0.9"))
        with making(max_window=20) as guard:
            verdict = guard.check(prompt, response)
        assert verdict.score == 0.9
        assert verdict.kept is not None
        assert (verdict.kept.field, verdict.kept.start) == ("prompt", 0)
        assert len(part(prompt, verdict.kept).split()) in (8, 9, 10)

    def test_an_empty_text_beside_a_long_one(self, making: Making) -> None:
        with making() as guard:
            assert guard.check("", filler(40, (3, "0.9"))).window is not None
            assert guard.check(filler(40, (3, "0.9")), "").window is not None


class TestACapOnWindows:
    def test_what_lies_behind_it_is_not_judged_and_that_is_told(
        self, making: Making, engines: list[FakeEngine]
    ) -> None:
        with making(max_windows=3) as guard:
            verdict = guard.check(filler(100, (2, "0.3"), (90, "0.9")))
        assert (verdict.score, verdict.windows, verdict.truncated) == (0.3, 3, True)
        assert sum(map(len, engines[0].batches)) == 3

    def test_one_that_is_not_hit_is_not_told(self, making: Making) -> None:
        with making() as guard:
            windows = guard.check(filler(100)).windows
        for most in (windows, windows + 1):
            with making(max_windows=most) as guard:
                verdict = guard.check(filler(100))
            assert (verdict.windows, verdict.truncated) == (windows, False)

    def test_one_window_is_a_window_still(self, making: Making) -> None:
        with making(max_windows=1) as guard:
            verdict = guard.check(filler(100, (2, "0.3")))
        assert (verdict.windows, verdict.truncated) == (1, True)
        assert verdict.window is not None


class TestFailures:
    def test_a_window_that_fails_makes_the_item_fail_and_no_other(self, making: Making) -> None:
        items = [Item("0.1"), Item(filler(60, (33, "broken"), (50, "0.9"))), Item("0.2")]
        with making() as guard:
            outcomes = list(guard.stream(items, errors="yield"))
        assert isinstance(outcomes[1], Failure)
        assert outcomes[1].code == FailureCode.ENGINE
        assert [one.score for one in outcomes if isinstance(one, Verdict)] == [0.1, 0.2]

    def test_no_more_windows_are_asked_for_once_one_has_failed(
        self, making: Making, engines: list[FakeEngine]
    ) -> None:
        with making() as guard:
            list(guard.stream([Item("broken " + filler(3000))], errors="yield"))
        assert sum(map(len, engines[0].batches)) <= 4

    def test_a_lone_surrogate_anywhere_is_no_text(
        self, making: Making, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def count(self: FakeEngine, prompt: object) -> int:
            try:
                prompt.turn.encode()  # type: ignore[attr-defined]
            except UnicodeEncodeError:
                raise ItemFailed(Failure(FailureCode.NOT_TEXT)) from None
            return original(self, prompt)  # type: ignore[arg-type]

        original = FakeEngine.count
        monkeypatch.setattr(FakeEngine, "count", count)
        long = filler(2000, (1990, "half\ud83d"))
        with making() as guard:
            outcomes = list(guard.stream([Item(long), Item("0.2")], errors="yield"))
        assert isinstance(outcomes[0], Failure)
        assert outcomes[0].code == FailureCode.NOT_TEXT
        assert isinstance(outcomes[1], Verdict)

    def test_a_window_without_room_is_too_long(
        self, making: Making, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original = FakeEngine.count
        monkeypatch.setattr(FakeEngine, "count", lambda self, prompt: 12 + original(self, prompt))
        with making() as guard, pytest.raises(ItemFailed) as raised:
            guard.check(filler(100))
        assert raised.value.failure == Failure(FailureCode.TOO_LONG, {"tokens": 12, "limit": 10})


class TestEqualItems:
    def test_a_long_text_is_judged_once(self, making: Making, engines: list[FakeEngine]) -> None:
        text = filler(40, (3, "0.9"))
        with making() as guard:
            verdicts = list(guard.stream([Item(text)] * 5))
        assert len(set(verdicts)) == 1
        assert sum(map(len, engines[0].batches)) == verdicts[0].windows

    def test_it_is_named_as_each_of_them_is_called(self, making: Making) -> None:
        text = filler(40, (3, "0.9"))
        names = ["text", "messages.3.content"]
        with making() as guard:
            verdicts = list(guard.stream(Item(text, None, (name, "")) for name in names))
        assert [one.window.field for one in verdicts if one.window] == names

    def test_both_texts_of_a_pair_are_named(self, making: Making) -> None:
        item = Item(filler(15), filler(40), ("ask", "answer"))
        with making(max_window=20) as guard:
            (verdict,) = guard.stream([item])
        assert verdict.window is not None
        assert verdict.kept is not None
        assert (verdict.window.field, verdict.kept.field) == ("answer", "ask")


def test_low_mass_is_that_of_the_window_that_decides(making: Making) -> None:
    with making() as guard:
        assert guard.check(filler(60, (3, "0.9"), (4, "doubtful"), (44, "0.8"))).low_mass
        assert not guard.check(filler(60, (3, "0.7"), (4, "doubtful"), (44, "0.8"))).low_mass


def test_neighbours_share_an_eighth_of_a_window_unless_it_is_said(
    making: Making, engines: list[FakeEngine]
) -> None:
    text = " ".join(map(str, (f"w{at}" for at in range(400))))
    for overlap, shared in ((None, 20), (0, 0), (80, 80)):
        with making(max_window=160, overlap=overlap) as guard:
            guard.check(text)
        windows = [one.split() for batch in engines[-1].batches for one in batch]
        for one, other in itertools.pairwise(windows):
            assert shared * 0.6 <= len(set(one) & set(other)) <= shared


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"max_window": 0}, "--max-window"),
        ({"max_window": 1000, "ctx": 500}, "--ctx"),
        ({"max_window": 1000, "overlap": 501}, "--overlap"),
        ({"overlap": -1}, "--overlap"),
        ({"max_window": None, "overlap": 1025}, "--overlap"),
        ({"max_windows": 0}, "--max-windows"),
    ],
)
def test_what_makes_no_windows_is_refused(
    making: Making, options: dict[str, int | None], told: str
) -> None:
    with pytest.raises(UsageError) as raised:
        making(**options)
    assert told in str(raised.value.facts["remedy"])


def test_a_window_beyond_what_a_known_model_was_trained_on_is_refused(
    making: Making, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = load_catalogue().models["qwen-sea-guard-4b"]
    monkeypatch.setattr(
        "seaguard_cli.guard.locate", lambda *_: Weights(model, "qwen:Q4_K_M", known)
    )
    with pytest.raises(WindowTooLarge) as raised:
        Guard("qwen-4b", max_window=8193)
    assert raised.value.facts == {"window": 8193, "trained": 8192, "model": "qwen:Q4_K_M"}
    Guard("qwen-4b", max_window=8192).close()
