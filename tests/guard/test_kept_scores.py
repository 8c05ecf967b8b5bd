"""With a cache a guard judges as without one, and the model is asked only for what is not known."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cache.helpers import FakeFront

from seaguard_cli import Cache, Guard
from seaguard_cli.engine import FLUSH
from seaguard_cli.errors import CacheDamaged, CacheFailed, Failure, NotAGuard
from seaguard_cli.verdict import Item, Verdict
from seaguard_cli.weights import catalogue, load_catalogue

from .helpers import FakeEngine, failing, scoring

PACKED = [(2 * at + 1) / 40 for at in range(20)]
ALONE = [score + 0.01 for score in PACKED]
ITEMS = [scoring(packed, alone) for packed, alone in zip(PACKED, ALONE, strict=True)]


@pytest.fixture
def fronts(monkeypatch: pytest.MonkeyPatch) -> list[FakeFront]:
    """What stood in for the engines."""
    opened: list[FakeFront] = []

    def front(_path: Path, _options: object, *, families: Any, family: str | None, **_: Any) -> Any:
        opened.append(FakeFront(families[family or "qwen"]))
        return opened[-1]

    monkeypatch.setattr("seaguard_cli.engine.front.LlamaFront", front)
    return opened


@pytest.fixture
def caching(
    tmp_path: Path, model: Path, engines: list[FakeEngine], fronts: list[FakeFront]
) -> Callable[..., Guard]:
    """Makes guards that share a cache."""

    def make(path: Path = model, **options: Any) -> Guard:
        return Guard(str(path), **{"cache": Cache(tmp_path / "kept"), **options})

    return make


def judged(guard: Guard, items: list[Item] = ITEMS) -> list[float | None]:
    with guard:
        return [verdict.score for verdict in guard.stream(items)]


def test_a_second_run_gives_the_same_and_loads_nothing(
    caching: Callable[..., Guard], engines: list[FakeEngine], fronts: list[FakeFront]
) -> None:
    plain = judged(caching(cache=False))
    assert fronts == []
    assert judged(caching()) == plain
    guard = caching()
    assert judged(guard) == plain
    assert not guard.loaded
    assert len(engines) == 2
    assert all(front.closed for front in fronts)


def test_another_threshold_takes_the_same_scores(
    caching: Callable[..., Guard], engines: list[FakeEngine]
) -> None:
    judged(caching(threshold=0.5, settle=0))
    with caching(threshold=0.32, settle=0) as guard:
        verdicts = list(guard.stream(ITEMS))
    assert [one.score for one in verdicts] == PACKED
    assert [one.label for one in verdicts] == ["safe"] * 6 + ["unsafe"] * 14
    assert len(engines) == 1


def test_what_lies_near_another_threshold_is_settled_there(
    caching: Callable[..., Guard], engines: list[FakeEngine]
) -> None:
    judged(caching(threshold=0.5, settle=0.1))
    judged(caching(threshold=0.25, settle=0.1))
    assert engines[1].batches == []
    assert engines[1].alone == [item.prompt for item in ITEMS[3:7]]
    judged(caching(threshold=0.25, settle=0.1))
    assert len(engines) == 2


def test_a_deterministic_run_takes_no_packed_score(
    caching: Callable[..., Guard], engines: list[FakeEngine]
) -> None:
    judged(caching(settle=0))
    assert judged(caching(deterministic=True)) == ALONE
    assert engines[1].alone == [item.prompt for item in ITEMS]
    assert judged(caching(deterministic=True)) == ALONE
    # The other way round it is the better score, and takes no settling.
    assert judged(caching(settle=0)) == ALONE
    assert len(engines) == 2


def test_a_failure_is_no_score(caching: Callable[..., Guard], engines: list[FakeEngine]) -> None:
    items = [failing(), ITEMS[0], failing(packed=0.5)]
    for nr in range(2):
        with caching() as guard:
            outcomes = list(guard.stream(items, errors="yield"))
        assert [isinstance(one, Failure) for one in outcomes] == [True, False, True]
        assert engines[nr].alone == [items[2].prompt]
    assert engines[1].batches == [[items[0].prompt]]


def test_other_weights_are_judged_anew_and_the_same_ones_elsewhere_are_not(
    caching: Callable[..., Guard], engines: list[FakeEngine], model: Path
) -> None:
    judged(caching())
    other = model.with_name("other.gguf")
    other.write_bytes(model.read_bytes())
    judged(caching(other))
    assert len(engines) == 1
    other.write_bytes(b"GGUF of another quant")
    judged(caching(other))
    assert len(engines) == 2


def test_another_family_is_judged_anew(
    caching: Callable[..., Guard], engines: list[FakeEngine]
) -> None:
    judged(caching())
    judged(caching(family="llama"))
    judged(caching(family="qwen"))
    assert len(engines) == 2


def test_another_instruction_is_judged_anew(
    caching: Callable[..., Guard], engines: list[FakeEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(caching())
    known = load_catalogue()
    instructions = {
        name: replace(one, prompt=f"New. {one.prompt}") for name, one in known.instructions.items()
    }
    changed = replace(known, instructions=instructions)
    monkeypatch.setattr("seaguard_cli.guard.load_catalogue", lambda: changed)
    assert isinstance(changed, catalogue.Catalogue)
    judged(caching())
    assert len(engines) == 2


def test_a_response_is_no_prompt(caching: Callable[..., Guard], engines: list[FakeEngine]) -> None:
    judged(caching(), [ITEMS[0]])
    judged(caching(task="response"), [Item("", ITEMS[0].prompt)])
    assert len(engines) == 2


def test_a_flush_gives_known_and_unknown_ones_at_once(caching: Callable[..., Guard]) -> None:
    judged(caching(), ITEMS[::2])
    seen: list[Verdict] = []

    def items() -> Any:
        for at, item in enumerate(ITEMS):
            yield item
            yield FLUSH
            assert len(seen) == at + 1

    with caching() as guard:
        seen.extend(guard.stream(items()))
    assert len(seen) == len(ITEMS)


def test_a_guard_may_be_used_again_after_it_was_closed(
    caching: Callable[..., Guard], engines: list[FakeEngine]
) -> None:
    guard = caching()
    first = judged(guard)
    guard._memory.forget()
    assert judged(guard) == first
    assert len(engines) == 1


def test_true_is_the_persons_own_cache(
    caching: Callable[..., Guard], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    judged(caching(cache=True))
    assert Cache().overview().entries == Cache(tmp_path / "state" / "seaguard").overview().entries
    assert Cache().overview().entries >= len(ITEMS)


def test_how_much_was_known_is_counted(caching: Callable[..., Guard], tmp_path: Path) -> None:
    judged(caching(settle=0), ITEMS[:5])
    cache = Cache(tmp_path / "kept")
    judged(caching(settle=0, cache=cache), ITEMS[:8])
    assert (cache.answers.known, cache.answers.asked) == (5, 8)


def test_words_and_family_are_known_without_the_model(
    caching: Callable[..., Guard], engines: list[FakeEngine]
) -> None:
    with caching() as guard:
        assert guard.unusual_verdicts is None
        assert not guard.loaded
        assert guard.device == "nowhere"
        assert guard.loaded


class TestWithoutAUsableCache:
    def test_a_run_goes_on_and_a_warning_tells(
        self, caching: Callable[..., Guard], tmp_path: Path, engines: list[FakeEngine]
    ) -> None:
        (tmp_path / "kept").write_bytes(b"a file, and no folder")
        guard = caching()
        with pytest.warns(RuntimeWarning, match="goes on without its cache"):
            scores = judged(guard)
        assert scores == judged(caching(cache=False))

    def test_whoever_asks_is_told_instead(
        self, caching: Callable[..., Guard], tmp_path: Path, fronts: list[FakeFront]
    ) -> None:
        told: list[CacheFailed] = []
        judged(caching())
        (tmp_path / "kept" / "scores.key").write_bytes(b"short")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            judged(caching(cache=Cache(tmp_path / "kept", failed=told.append)))
        assert [type(one) for one in told] == [CacheDamaged]
        assert fronts[-1].closed

    def test_weights_that_change_while_they_are_loaded_are_not_taken_for_those_before(
        self,
        caching: Callable[..., Guard],
        tmp_path: Path,
        model: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        class Slow(FakeEngine):
            def __init__(self, *given: Any, **named: Any) -> None:
                super().__init__(*given, **named)
                model.write_bytes(b"GGUF of someone else")

        monkeypatch.setattr("seaguard_cli.engine.llamacpp.LlamaEngine", Slow)
        told: list[CacheFailed] = []
        judged(caching(cache=Cache(tmp_path / "kept", failed=told.append)))
        assert "changed" in str(told[0])
        assert Cache(tmp_path / "kept").overview().entries == 0

    def test_weights_that_are_no_guard_are_the_error_they_always_are(
        self, caching: Callable[..., Guard], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refusing(*_: Any, **__: Any) -> Any:
            raise NotAGuard(path="x", problem="y")

        monkeypatch.setattr("seaguard_cli.engine.front.LlamaFront", refusing)
        with caching() as guard, pytest.raises(NotAGuard):
            guard.check("hello")
