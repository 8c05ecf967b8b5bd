"""One thread decodes, and the caller's fills the next batch meanwhile: order, errors, ways out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

import pytest

from seaguard_cli.engine import FLUSH, Cancellation, Flush
from seaguard_cli.engine.thread import DecodeThread

# So that what would wait for ever fails instead.
PATIENCE = 20.0


@pytest.fixture
def thread() -> Iterator[DecodeThread]:
    with closing(DecodeThread(Cancellation())) as opened:
        yield opened


def asked_to_end(cancellation: Cancellation) -> bool:
    """Whether that is asked for before long."""
    waiting = threading.Event()
    for _ in range(2000):
        if cancellation.requested:
            break
        waiting.wait(PATIENCE / 2000)
    return cancellation.requested


def test_outcomes_come_in_order_with_flush_marks_in_their_places(thread: DecodeThread) -> None:
    batches = [1, 2, FLUSH, FLUSH, 3, FLUSH]
    found = list(thread.judged(batches, lambda batch: batch * 10))
    assert found == [10, 20, FLUSH, FLUSH, 30, FLUSH]
    assert list(thread.judged([], lambda batch: batch)) == []


def test_the_next_batch_is_taken_while_one_is_judged(thread: DecodeThread) -> None:
    taken = [threading.Event() for _ in range(4)]

    def batches() -> Iterator[int]:
        for number, event in enumerate(taken):
            event.set()
            yield number

    def judge(number: int) -> bool:
        return number == 3 or taken[number + 1].wait(PATIENCE)

    assert list(thread.judged(batches(), judge)) == [True] * 4


def test_nothing_runs_while_the_caller_has_an_outcome(thread: DecodeThread) -> None:
    begun: list[int] = []
    for number in thread.judged(range(5), lambda batch: begun.append(batch) or batch):
        assert begun == list(range(number + 1))


def test_what_is_before_a_flush_is_given_before_more_is_taken(thread: DecodeThread) -> None:
    given: list[int | Flush] = []

    def batches() -> Iterator[int | Flush]:
        yield 1
        yield FLUSH
        assert given == [1, FLUSH]
        yield 2

    for outcome in thread.judged(batches(), lambda batch: batch):
        given.append(outcome)
    assert given == [1, FLUSH, 2]


def test_an_error_of_the_source_comes_after_what_was_before_it(thread: DecodeThread) -> None:
    def batches() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    stream = thread.judged(batches(), lambda batch: batch)
    assert next(stream) == 1
    with pytest.raises(ZeroDivisionError):
        next(stream)


def test_an_error_of_a_batch_is_raised_in_its_place(thread: DecodeThread) -> None:
    judged: list[int] = []

    def judge(batch: int) -> float:
        judged.append(batch)
        return 1 / (batch - 2)

    stream = thread.judged(range(5), judge)
    assert [next(stream), next(stream)] == [-0.5, -1.0]
    with pytest.raises(ZeroDivisionError):
        next(stream)
    assert judged == [0, 1, 2]


def test_what_is_left_is_asked_to_end_and_waited_for() -> None:
    cancellation, begun, ended = Cancellation(), threading.Event(), list[bool]()

    def judge(_batch: int) -> None:
        begun.set()
        ended.append(asked_to_end(cancellation))

    def batches() -> Iterator[int]:
        yield 1
        begun.wait(PATIENCE)
        raise KeyboardInterrupt

    with closing(DecodeThread(cancellation)) as thread, pytest.raises(KeyboardInterrupt):
        list(thread.judged(batches(), judge))
    assert ended == [True]
    assert not cancellation.requested


def test_one_that_was_cancelled_stays_so_after_what_runs_was_left() -> None:
    cancellation = Cancellation()
    with cancellation.hurrying():
        cancellation.request()
    assert cancellation.requested


def test_work_is_undone_that_ends_well_after_its_caller_was_interrupted(
    thread: DecodeThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    undone: list[str] = []
    assert thread.run(lambda: "model", undone.append) == "model"
    assert undone == []
    result = Future.result

    def interrupted(future: Future[str], timeout: float | None = None) -> str:
        monkeypatch.setattr(Future, "result", result)
        raise KeyboardInterrupt

    monkeypatch.setattr(Future, "result", interrupted)
    with pytest.raises(KeyboardInterrupt):
        thread.run(lambda: "model", undone.append)
    assert undone == ["model"]


def test_work_that_fails_has_nothing_to_undo(thread: DecodeThread) -> None:
    undone: list[float] = []
    with pytest.raises(ZeroDivisionError):
        thread.run(lambda: 1 / 0, undone.append)
    assert undone == []


def test_closing_ends_even_what_its_caller_was_interrupted_in_beginning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cancellation, ended = Cancellation(), list[bool]()
    thread = DecodeThread(cancellation)
    submit = ThreadPoolExecutor.submit

    def interrupted(pool: ThreadPoolExecutor, work: Callable[..., None], *given: int) -> None:
        submit(pool, work, *given)
        raise KeyboardInterrupt

    def judge(_batch: int) -> None:
        ended.append(asked_to_end(cancellation))

    monkeypatch.setattr(ThreadPoolExecutor, "submit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(thread.judged([1], judge))
    assert ended == []
    thread.close()
    assert ended == [True]
