"""Work can be cancelled, and everything is given back on every way out."""

from __future__ import annotations

import _thread
import itertools
import threading
from collections import Counter
from collections.abc import Iterator

import llama_cpp.llama_cpp as llama_cpp
import pytest
from families.texts import long_text
from families.variants import Models

from seaguard_cli import Guard
from seaguard_cli.engine import Cancellation
from seaguard_cli.errors import Interrupted, NotAGuard
from seaguard_cli.verdict import Item, Verdict

from .helpers import alone, asked, lone, opened_engine, packed

_GIVEN_BACK = ("llama_model_free", "llama_free", "llama_batch_free")


@pytest.fixture
def freed(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each of llama.cpp's functions that give something back was called."""
    count: Counter[str] = Counter()

    def counting(name: str) -> None:
        function = getattr(llama_cpp, name)

        def counted(*arguments: object) -> None:
            count[name] += 1
            function(*arguments)

        monkeypatch.setattr(llama_cpp, name, counted)

    for name in _GIVEN_BACK:
        counting(name)
    return count


@pytest.mark.parametrize("deterministic", [False, True])
def test_cancelling_from_another_thread_ends_an_endless_run(
    models: Models, threads: int, deterministic: bool
) -> None:
    begun = threading.Event()

    def items() -> Iterator[Item]:
        # Bounded, so that a cancellation that does nothing fails the test instead of hanging it.
        for number in range(20_000):
            yield Item(f"text {number}")

    def cancel(guard: Guard) -> None:
        begun.wait()
        guard.cancel()

    seen: list[Verdict] = []
    with Guard(str(models["qwen"]), deterministic=deterministic, threads=threads) as guard:
        canceller = threading.Thread(target=cancel, args=(guard,))
        canceller.start()
        with pytest.raises(Interrupted):
            _collect(guard.stream(items()), seen, begun)
        canceller.join()
    assert 0 < len(seen) < 20_000


def _collect(verdicts: Iterator[Verdict], seen: list[Verdict], begun: threading.Event) -> None:
    for verdict in verdicts:
        seen.append(verdict)
        begun.set()


def test_a_decode_that_runs_is_aborted(
    models: Models, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancellation, statuses = Cancellation(), []
    decode = llama_cpp.llama_decode

    def cancelled_meanwhile(context: object, batch: llama_cpp.llama_batch) -> int:
        assert cancellation.request()
        statuses.append(decode(context, batch))
        return int(statuses[-1])

    with opened_engine(models["qwen"], threads=threads, cancellation=cancellation) as engine:
        prompt = asked(engine, Item(long_text(300)))
        monkeypatch.setattr(llama_cpp, "llama_decode", cancelled_meanwhile)
        with pytest.raises(Interrupted):
            alone(engine, prompt)
    aborted = 2
    assert statuses == [aborted]


def test_ctrl_c_in_a_program_ends_the_decode_and_its_guard_is_as_good_as_new(
    models: Models, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program has no handler of ours: Python raises KeyboardInterrupt in its main thread."""
    decode, statuses = llama_cpp.llama_decode, list[int]()

    def interrupted_meanwhile(context: object, batch: llama_cpp.llama_batch) -> int:
        _thread.interrupt_main()
        statuses.append(decode(context, batch))
        return statuses[-1]

    texts = [Item(long_text(200, seed=seed)) for seed in range(1, 9)]
    with Guard(str(models["qwen"]), settle=0.0, threads=threads) as guard:
        wanted = list(guard.stream(texts))
        guard._memory.forget()
        with monkeypatch.context() as patched:
            patched.setattr(llama_cpp, "llama_decode", interrupted_meanwhile)
            with pytest.raises(KeyboardInterrupt):
                list(guard.stream(texts))
        assert list(guard.stream(texts)) == wanted
    assert len(statuses) == 1


def test_a_decode_asks_python_nothing_between_its_nodes(models: Models, threads: int) -> None:
    """Each time it would wait for other threads of the program that have work of their own."""

    class Counted(Cancellation):
        asked = 0

        @property
        def requested(self) -> bool:
            self.asked += 1
            return super().requested

    cancellation = Counted()
    with opened_engine(models["qwen"], threads=threads, cancellation=cancellation) as engine:
        lone(engine, Item("Hi"))
        cancellation.asked = 0
        lone(engine, Item(long_text(300)))
    # Before and after each of the few decodes, each of which has many nodes.
    assert 0 < cancellation.asked < 20


def test_a_guard_cancelled_before_its_first_item_judges_none(models: Models, threads: int) -> None:
    with Guard(str(models["qwen"]), threads=threads) as guard:
        assert not guard.cancel()
        with pytest.raises(Interrupted):
            guard.check("Hi")


def test_a_cancelled_guard_stays_cancelled(models: Models, threads: int) -> None:
    with Guard(str(models["qwen"]), threads=threads) as guard:
        guard.check("Hi")
        guard.cancel()
        for text in ("Ho", "Hey"):
            with pytest.raises(Interrupted):
                guard.check(text)


def test_closing_frees_contexts_and_weights_once(
    models: Models, threads: int, freed: Counter[str]
) -> None:
    with opened_engine(models["qwen"], threads=threads) as engine:
        packed(engine, [Item("one"), Item("two")])
        lone(engine, Item("one"))
        assert freed == Counter()
        engine.close()
        assert freed == {"llama_model_free": 1, "llama_free": 2, "llama_batch_free": 2}
        engine.close()
    assert freed == {"llama_model_free": 1, "llama_free": 2, "llama_batch_free": 2}


def test_an_error_inside_a_guard_frees_the_model(
    models: Models, threads: int, freed: Counter[str]
) -> None:
    guard = Guard(str(models["qwen"]), threads=threads)
    with pytest.raises(ZeroDivisionError):
        _fail_inside(guard)
    assert freed == {"llama_model_free": 1, "llama_free": 1, "llama_batch_free": 1}
    guard.close()
    assert freed["llama_model_free"] == 1


def _fail_inside(guard: Guard) -> None:
    with guard:
        guard.check("Hi")
        raise ZeroDivisionError


def test_a_stream_that_was_left_does_not_keep_the_model(
    models: Models, threads: int, freed: Counter[str]
) -> None:
    with Guard(str(models["qwen"]), threads=threads) as guard:
        stream = guard.stream(Item(str(number)) for number in itertools.count())
        next(stream)
    assert freed["llama_model_free"] == 1
    stream.close()
    assert freed["llama_model_free"] == 1


def test_a_model_that_is_refused_is_freed(
    models: Models, threads: int, freed: Counter[str]
) -> None:
    with pytest.raises(NotAGuard), opened_engine(models["unsafe-in-two"], threads=threads):
        pass
    assert freed == {"llama_model_free": 1}


def test_a_context_that_grows_gives_the_smaller_one_back(
    models: Models, threads: int, freed: Counter[str]
) -> None:
    with opened_engine(models["qwen"], threads=threads) as engine:
        for words in (1, 100, 400):
            lone(engine, Item(long_text(words)))
    assert freed["llama_free"] == freed["llama_batch_free"] >= 2
    assert freed["llama_model_free"] == 1


def test_a_closed_guard_may_be_used_again(models: Models, threads: int) -> None:
    guard = Guard(str(models["qwen"]), deterministic=True, threads=threads)
    with guard:
        first = guard.check("Hi")
    with guard:
        guard._memory.forget()
        assert guard.check("Hi") == first


def test_showing_frees_the_vocabulary_even_when_it_is_left_early(
    models: Models, threads: int, freed: Counter[str]
) -> None:
    with Guard(str(models["qwen"]), threads=threads) as guard:
        shown = guard.show(itertools.repeat(Item("Hi")))
        next(shown)
        shown.close()
    assert freed == {"llama_model_free": 1}
