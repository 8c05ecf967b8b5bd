"""Streams are lazy and in order, and an item that cannot be judged keeps its place."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from seaguard_cli import Guard
from seaguard_cli.engine import FLUSH, Flush
from seaguard_cli.errors import Failure, FailureCode, ItemFailed
from seaguard_cli.verdict import Item, Verdict

from .conftest import Making
from .helpers import FakeEngine, failing, scoring

BROKEN = Failure(FailureCode.INVALID_JSON, {"line": 3})


def test_nothing_in_gives_nothing_out_and_loads_nothing(
    making: Making, engines: list[FakeEngine]
) -> None:
    with making() as guard:
        assert list(guard.stream([])) == []
        assert list(guard.stream([FLUSH, FLUSH])) == []
    assert engines == []


@pytest.mark.parametrize("deterministic", [False, True])
def test_verdicts_come_in_the_order_of_the_items(making: Making, deterministic: bool) -> None:
    wanted = [(at * 7) % 100 / 100 for at in range(100)]
    with making(deterministic=deterministic) as guard:
        verdicts = guard.stream(scoring(score) for score in wanted)
        assert [verdict.score for verdict in verdicts] == wanted


def test_a_failure_among_the_items_keeps_its_place(making: Making) -> None:
    items = [BROKEN, scoring(0.9), failing(), BROKEN, BROKEN, scoring(0.1), BROKEN]
    with making() as guard:
        outcomes = list(guard.stream(items, errors="yield"))
    codes = [one.code if isinstance(one, Failure) else one.label for one in outcomes]
    json, engine = FailureCode.INVALID_JSON, FailureCode.ENGINE
    assert codes == [json, "unsafe", engine, json, json, "safe", json]


def test_failures_alone_need_no_engine(making: Making, engines: list[FakeEngine]) -> None:
    with making() as guard:
        assert list(guard.stream([BROKEN] * 5, errors="yield")) == [BROKEN] * 5
    assert engines == []


def test_the_first_item_that_cannot_be_judged_is_raised(making: Making) -> None:
    seen: list[Verdict] = []
    items = [scoring(0.9), scoring(0.1), failing(FailureCode.TOO_LONG), failing(), scoring(0.2)]
    with making() as guard, pytest.raises(ItemFailed) as raised:
        seen.extend(guard.stream(items))
    assert [verdict.score for verdict in seen] == [0.9, 0.1]
    assert raised.value.failure.code == FailureCode.TOO_LONG


def test_check_raises_for_an_item_that_cannot_be_judged(making: Making) -> None:
    with making() as guard, pytest.raises(ItemFailed):
        guard.check(failing().prompt)


@pytest.mark.parametrize("deterministic", [False, True])
def test_an_endless_source_is_pulled_little_more_than_a_batch_ahead(
    making: Making, deterministic: bool
) -> None:
    pulled = 0

    def endless() -> Iterator[Item]:
        nonlocal pulled
        for pulled in itertools.count(1):
            yield scoring(0.9, nr=pulled)

    with making(deterministic=deterministic) as guard:
        assert pulled == 0
        for taken, _ in enumerate(itertools.islice(guard.stream(endless()), 50), start=1):
            assert pulled <= taken + 4


@pytest.mark.parametrize("again", [scoring(0.9), BROKEN])
def test_a_bounded_number_of_items_waits_behind_one_that_is_not_known_yet(
    making: Making, again: Item | Failure
) -> None:
    pulled = 0

    def endless() -> Iterator[Item | Failure]:
        nonlocal pulled
        yield scoring(0.9)
        while True:
            pulled += 1
            assert pulled < 100_000
            yield again

    with making() as guard:
        stream = guard.stream(endless(), errors="yield")
        next(stream)
        assert pulled < 5000
        assert len(list(itertools.islice(stream, 20_000))) == 20_000
        assert pulled < 30_000


def test_a_flush_closes_the_batch_that_is_being_filled(
    making: Making, engines: list[FakeEngine]
) -> None:
    asked: list[str] = []

    def items() -> Iterator[Item | Flush]:
        yield scoring(0.9)
        yield FLUSH
        asked.append("more")
        yield scoring(0.1)
        yield scoring(0.8)
        yield FLUSH
        asked.append("still more")

    with making() as guard:
        stream = guard.stream(items())
        assert next(stream).score == 0.9
        assert asked == []
        assert next(stream).score == 0.1
        assert next(stream).score == 0.8
        assert asked == ["more"]
        assert list(stream) == []
    assert [len(batch) for batch in engines[0].batches] == [1, 2]


def test_a_flush_gives_a_known_item_at_once(making: Making) -> None:
    def items() -> Iterator[Item | Flush]:
        yield scoring(0.9)
        yield FLUSH
        yield scoring(0.9)
        yield FLUSH
        pytest.fail("asked for more before giving what is known")

    with making() as guard:
        stream = guard.stream(items())
        assert [next(stream).score, next(stream).score] == [0.9, 0.9]


def test_an_error_in_the_source_passes_through(making: Making) -> None:
    def items() -> Iterator[Item]:
        yield scoring(0.9)
        raise OSError("the disk is gone")

    with making() as guard, pytest.raises(OSError, match="disk"):
        list(guard.stream(items()))


def test_leaving_closes_the_engine_whatever_happened(
    making: Making, engines: list[FakeEngine]
) -> None:
    guard = making()
    with pytest.raises(ZeroDivisionError):
        _fail_inside(guard)
    assert engines[0].closed == 1
    guard.close()
    guard.close()
    assert engines[0].closed == 1


def _fail_inside(guard: Guard) -> None:
    with guard:
        guard.check(scoring(0.9).prompt)
        raise ZeroDivisionError
