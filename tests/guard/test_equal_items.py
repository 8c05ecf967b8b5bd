"""Equal items are judged once, and every one of them gets its verdict."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seaguard_cli.engine import FLUSH, Flush
from seaguard_cli.errors import Failure, FailureCode, ItemFailed
from seaguard_cli.measurement import Finding
from seaguard_cli.memory import Memory
from seaguard_cli.verdict import Item, Score, Verdict

from .conftest import Making
from .helpers import FakeEngine, failing, scoring


def measured(engines: list[FakeEngine]) -> list[str]:
    return [text for engine in engines for batch in engine.batches for text in batch]


def test_equal_items_are_measured_once(making: Making, engines: list[FakeEngine]) -> None:
    one, two = scoring(0.9), scoring(0.1)
    with making() as guard:
        verdicts = list(guard.stream([one, two, one, one, two] * 10))
    assert [verdict.score for verdict in verdicts] == [0.9, 0.1, 0.9, 0.9, 0.1] * 10
    assert measured(engines) == [one.prompt, two.prompt]


def test_equal_items_are_settled_once(making: Making, engines: list[FakeEngine]) -> None:
    with making() as guard:
        list(guard.stream([scoring(0.5, 0.6)] * 5))
    assert len(engines[0].alone) == 1


def test_a_later_run_remembers(making: Making, engines: list[FakeEngine]) -> None:
    with making() as guard:
        for _ in range(3):
            assert guard.check(scoring(0.9).prompt).score == 0.9
    assert len(measured(engines)) == 1


def test_equal_texts_with_and_without_a_response_are_not_equal_items(
    making: Making, engines: list[FakeEngine]
) -> None:
    text = scoring(0.9).prompt
    with making() as guard:
        verdicts = list(guard.stream([Item(text), Item(text, ""), Item(text, "x"), Item(text)]))
    assert [verdict.task for verdict in verdicts] == ["prompt", "response", "response", "prompt"]
    assert len(measured(engines)) == 3


def test_an_item_that_failed_fails_again_without_being_measured(
    making: Making, engines: list[FakeEngine]
) -> None:
    with making() as guard:
        outcomes = list(guard.stream([failing()] * 3, errors="yield"))
    assert len(outcomes) == 3
    assert len(set(map(id, outcomes))) == 1
    assert len(measured(engines)) == 1


def test_items_of_a_run_that_was_left_are_measured_by_the_next(making: Making) -> None:
    items = [scoring(at / 10, nr=at) for at in range(8)]
    with making() as guard:
        left = guard.stream(items)
        next(left)
        left.close()
        for at, item in enumerate(items):
            assert guard.check(item.prompt).score == at / 10


def test_items_behind_one_that_failed_are_measured_by_the_next_run(making: Making) -> None:
    items = [failing(), scoring(0.9), scoring(0.1)]
    with making() as guard:
        with pytest.raises(ItemFailed):
            list(guard.stream(items))
        assert [verdict.score for verdict in guard.stream(items[1:])] == [0.9, 0.1]


def test_items_are_measured_for_each_of_two_streams_that_run_at_once(making: Making) -> None:
    items = [scoring(at / 100, nr=at) for at in range(30)]
    wanted = [at / 100 for at in range(30)]
    with making() as guard:
        one, other = guard.stream(items), guard.stream(reversed(items))
        pairs = list(zip(one, other, strict=True))
    assert [first.score for first, _ in pairs] == wanted
    assert [second.score for _, second in pairs] == wanted[::-1]


def test_an_item_of_a_running_stream_may_be_checked_on_its_own(making: Making) -> None:
    items = [scoring(at / 100, nr=at) for at in range(6)]
    with making() as guard:
        for _, item in zip(guard.stream(items), reversed(items), strict=True):
            assert guard.check(item.prompt).score == int(item.prompt[-2]) / 100


def learn(memory: Memory, text: str, finding: Finding | Failure) -> None:
    measurement, new = memory.of(Item(text), None)
    assert new
    measurement.outcome = finding
    memory.learn(measurement)


WINDOWED = Finding(Score(0.5, 1.0), windows=3)


def test_the_memory_keeps_the_items_last_used() -> None:
    memory = Memory(size=3)
    for text in "abc":
        learn(memory, text, WINDOWED)
    assert memory.of(Item("a"), None)[0].outcome == WINDOWED
    learn(memory, "d", WINDOWED)
    assert not memory.of(Item("a"), None)[1]
    assert memory.of(Item("b"), None)[1]


def test_the_memory_never_holds_more_than_its_size() -> None:
    memory = Memory(size=10)
    for text in map(str, range(1000)):
        learn(memory, text, WINDOWED)
        assert len(memory._found) <= 10


def test_scores_are_found_again_however_many_there_are() -> None:
    memory = Memory(size=5000)
    findings = {str(at): Finding(Score(at / 7001, 1.0, exact=at % 2 == 0)) for at in range(7001)}
    for text, finding in findings.items():
        learn(memory, text, finding if len(text) < 4 or text[-1] != "3" else WINDOWED)
    for text in map(str, range(2001, 7001)):
        expected = findings[text] if len(text) < 4 or text[-1] != "3" else WINDOWED
        assert memory.of(Item(text), None)[0].outcome == expected
    assert memory.of(Item("0"), None)[1]


def test_what_a_stream_did_not_wait_for_is_given_up(making: Making) -> None:
    with making() as guard:
        for _ in range(5):
            stream = guard.stream(scoring(at / 100, nr=at) for at in range(50))
            next(stream)
            stream.close()
            assert not guard._memory._asked


def test_an_item_given_up_while_it_waits_gets_its_verdict_still(
    making: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    with making() as guard:
        monkeypatch.setattr(guard, "_memory", Memory(size=1))
        items = [scoring(at / 100, nr=at % 3) for at in (1, 2, 3, 1, 2, 3, 1)]
        assert [verdict.score for verdict in guard.stream(items)] == [
            at / 100 for at in (1, 2, 3, 1, 2, 3, 1)
        ]


def test_a_forgetful_memory_measures_again(making: Making, engines: list[FakeEngine]) -> None:
    with making() as guard:
        guard.check(scoring(0.9).prompt)
        guard._memory.forget()
        guard.check(scoring(0.9).prompt)
    assert len(measured(engines)) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Item("ab"), Item("a", "b")),
        (Item("a", "b"), Item("ab", "")),
        (Item("", "a"), Item("a", "")),
        (Item(""), Item("", "")),
        (Item("1 a"), Item(" a")),
        (Item("\ud800"), Item("\udfff")),
    ],
)
def test_different_items_are_never_taken_for_equal(one: Item, other: Item) -> None:
    memory = Memory()
    assert memory.of(one, None)[1]
    assert memory.of(other, None)[1]


def test_a_hundred_thousand_repetitions_do_not_hold_verdicts_back(making: Making) -> None:
    with making() as guard:
        verdicts = guard.stream(itertools.repeat(scoring(0.9), 100_000))
        assert [verdict.score for verdict in itertools.islice(verdicts, 10_000)] == [0.9] * 10_000


def test_a_failure_is_remembered_with_its_code(making: Making) -> None:
    with making() as guard:
        for _ in range(2):
            with pytest.raises(ItemFailed) as raised:
                guard.check(failing(FailureCode.TOO_LONG).prompt)
            assert raised.value.failure.code == FailureCode.TOO_LONG


KINDS = (scoring(0.9), scoring(0.5, 0.6), scoring(0.1), failing(), failing(packed=0.45))
BROKEN = Failure(FailureCode.INVALID_JSON, {"line": 3})


@given(st.lists(st.sampled_from([*KINDS, BROKEN, FLUSH]), max_size=60), st.integers(1, 6))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_each_item_gets_its_own_outcome_and_the_last_are_not_measured_again(
    making: Making,
    engines: list[FakeEngine],
    coming: list[Item | Failure | Flush],
    size: int,
) -> None:
    engines.clear()
    outcomes: list[Verdict | Failure] = []
    wanted: list[Item | Failure] = []

    def items() -> Iterator[Item | Failure | Flush]:
        for one in coming:
            yield one
            if isinstance(one, Flush):
                assert len(outcomes) == len(wanted)
            else:
                wanted.append(one)

    with making() as guard:
        guard._memory = Memory(size)
        for outcome in guard.stream(items(), errors="yield"):
            outcomes.append(outcome)
    assert [_seen(one) for one in outcomes] == [_expected(one) for one in wanted]
    asked = _measured_by_hand(wanted, size)
    # What is lately used is known from when it was measured on: with less room, others may be.
    if size >= len(KINDS):
        assert measured(engines) == asked


def _seen(outcome: Verdict | Failure) -> object:
    return outcome.code if isinstance(outcome, Failure) else outcome.score


def _expected(one: Item | Failure) -> object:
    if isinstance(one, Failure):
        return one.code
    said = json.loads(one.prompt)
    alone = said["packed"] is not None and abs(said["packed"] - 0.5) <= 0.2
    found = said["alone" if alone else "packed"]
    return FailureCode.ENGINE if found is None else found


def _measured_by_hand(items: list[Item | Failure], size: int) -> list[str]:
    last: list[str] = []
    asked = []
    for item in items:
        if isinstance(item, Failure):
            continue
        if item.prompt in last:
            last.remove(item.prompt)
        else:
            asked.append(item.prompt)
        last = [*last, item.prompt][-size:]
    return asked


def test_the_last_hundred_thousand_are_remembered_and_no_more() -> None:
    memory = Memory()
    for number in range(100_001):
        learn(memory, str(number), Finding(Score(0.5, 1.0)))
    assert not memory.of(Item("1"), None)[1]
    assert not memory.of(Item("100000"), None)[1]
    assert memory.of(Item("0"), None)[1]
