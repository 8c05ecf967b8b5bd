"""An engine behind the cache: the same outcomes in the same order, and only unknown ones asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from guard.helpers import FakeEngine, failing, scoring
from hypothesis import given, settings
from hypothesis import strategies as st

from seaguard_cli.cache.engine import CachingEngine
from seaguard_cli.engine import FLUSH, Engine, Flush, Outcomes
from seaguard_cli.errors import DecodeFailed, Failure, FailureCode
from seaguard_cli.prompt import Prompt
from seaguard_cli.verdict import Score

from .helpers import FakeFront, fake_engine, opened, prompt_of

TEXTS = [scoring(at / 10, at / 10 + 0.05, nr=at).prompt for at in range(8)]
FAILS = failing().prompt


class Loads:
    """Opens fake engines, and keeps them."""

    def __init__(self, batch: int = 4) -> None:
        self.engines: list[FakeEngine] = []
        self._batch = batch

    def __call__(self) -> Engine:
        self.engines.append(fake_engine(self._batch))
        return self.engines[-1]

    @property
    def measured(self) -> list[str]:
        return [text for engine in self.engines for batch in engine.batches for text in batch]


def caching(folder: Path, load: Loads, front: FakeFront | None = None) -> CachingEngine:
    return CachingEngine(front or FakeFront(), load, opened(folder))


def scored(engine: CachingEngine, *texts: str) -> list[Score | Failure | Flush]:
    return flat(engine.score(map(prompt_of, texts)))


def flat(outcomes: Iterator[Outcomes | Flush]) -> list[Score | Failure | Flush]:
    """Outcomes and marks, one after another."""
    return [one for some in outcomes for one in ([some] if isinstance(some, Flush) else some)]


def alone(engine: CachingEngine, text: str) -> Score | Failure | Flush:
    (outcome,) = flat(engine.score_alone([prompt_of(text)]))
    return outcome


def unsafe(outcomes: list[Score | Failure | Flush]) -> list[float]:
    return [one.unsafe for one in outcomes if isinstance(one, Score)]


def test_known_prompts_load_no_model(tmp_path: Path) -> None:
    first, second = Loads(), Loads()
    with closing(caching(tmp_path, first)) as engine:
        before = scored(engine, *TEXTS)
    with closing(caching(tmp_path, second)) as engine:
        assert scored(engine, *TEXTS) == before
        assert engine.family == FakeFront().family
        assert engine.words == FakeFront.words
    assert len(first.engines) == 1
    assert second.engines == []


def test_only_unknown_prompts_are_measured_and_share_batches(tmp_path: Path) -> None:
    with closing(caching(tmp_path, Loads())) as engine:
        scored(engine, *TEXTS[::2])
    load = Loads(batch=3)
    with closing(caching(tmp_path, load)) as engine:
        assert unsafe(scored(engine, *TEXTS)) == [at / 10 for at in range(8)]
    assert load.engines[0].batches == [[TEXTS[at] for at in (1, 3, 5)], [TEXTS[7]]]


def test_a_prompt_measured_alone_is_known_from_then_on(tmp_path: Path) -> None:
    for loads in (1, 0):
        load = Loads()
        with closing(caching(tmp_path, load)) as engine:
            score = alone(engine, TEXTS[3])
            assert score == Score(0.35, 1.0, exact=True)
        assert len(load.engines) == loads
    with closing(caching(tmp_path, load)) as engine:
        assert scored(engine, TEXTS[3]) == [score]


def test_a_packed_score_is_measured_again_when_it_is_asked_for_alone(tmp_path: Path) -> None:
    with closing(caching(tmp_path, Loads())) as engine:
        assert unsafe(scored(engine, TEXTS[3])) == [0.3]
    load = Loads()
    with closing(caching(tmp_path, load)) as engine:
        assert alone(engine, TEXTS[3]) == Score(0.35, 1.0, exact=True)
    assert load.engines[0].alone == [TEXTS[3]]


def test_what_failed_is_tried_again(tmp_path: Path) -> None:
    for _ in range(2):
        load = Loads()
        with closing(caching(tmp_path, load)) as engine:
            outcomes = scored(engine, TEXTS[0], FAILS, TEXTS[1])
            assert isinstance(outcomes[1], Failure)
            assert outcomes[1].code == FailureCode.ENGINE
            assert isinstance(alone(engine, FAILS), Failure)
        assert FAILS in load.measured
        assert load.engines[0].alone == [FAILS]


@pytest.mark.parametrize("known", [0, 3])
def test_nothing_is_pulled_before_it_is_needed(tmp_path: Path, known: int) -> None:
    with closing(caching(tmp_path, Loads())) as engine:
        scored(engine, *TEXTS[:known])
    pulled = 0

    def prompts() -> Iterator[Prompt]:
        nonlocal pulled
        for text in TEXTS:
            pulled += 1
            yield prompt_of(text)

    with closing(caching(tmp_path, Loads(batch=2))) as engine:
        outcomes = engine.score(prompts())
        assert pulled == 0
        for at in range(known):
            next(outcomes)
            assert pulled == at + 1
        next(outcomes)
        assert pulled == known + 2


def test_what_was_measured_is_kept_when_the_engine_breaks(tmp_path: Path) -> None:
    class Breaking(FakeEngine):
        def score(self, prompts: object) -> Iterator[Outcomes | Flush]:
            yield [Score(0.25, 1.0)]
            raise DecodeFailed(status=-3, log="")

    load = Loads()
    load.engines.append(fake_engine())
    load.engines[0].__class__ = Breaking
    engine = CachingEngine(FakeFront(), lambda: load.engines[0], opened(tmp_path))
    with closing(engine), pytest.raises(DecodeFailed):
        scored(engine, TEXTS[0], TEXTS[1])
    with closing(caching(tmp_path, Loads())) as engine:
        assert unsafe(scored(engine, TEXTS[0])) == [0.25]


def test_closing_closes_all(tmp_path: Path) -> None:
    load, front = Loads(), FakeFront()
    engine = caching(tmp_path, load, front)
    scored(engine, TEXTS[0])
    engine.close()
    engine.close()
    assert load.engines[0].closed
    assert front.closed


def test_an_error_in_the_source_passes_through(tmp_path: Path) -> None:
    def prompts() -> Iterator[Prompt]:
        yield prompt_of(TEXTS[0])
        raise OSError("the disk is gone")

    with closing(caching(tmp_path, Loads())) as engine, pytest.raises(OSError, match="disk"):
        list(engine.score(prompts()))


def test_two_streams_at_once(tmp_path: Path) -> None:
    with closing(caching(tmp_path, Loads())) as engine:
        scored(engine, *TEXTS[::3])
        one = engine.score(map(prompt_of, TEXTS))
        other = engine.score(map(prompt_of, reversed(TEXTS)))
        first: list[Score | Failure | Flush] = []
        second: list[Score | Failure | Flush] = []
        for some, others in zip_longest(one, other, fillvalue=()):
            first += [some] if isinstance(some, Flush) else some
            second += [others] if isinstance(others, Flush) else others
    wanted = [at / 10 for at in range(8)]
    assert unsafe(first) == wanted
    assert unsafe(second) == wanted[::-1]


@given(
    st.sets(st.sampled_from(TEXTS)),
    st.lists(st.sampled_from([*TEXTS, FAILS, None]), max_size=40),
    st.integers(1, 5),
)
@settings(deadline=None, max_examples=60)
def test_whatever_comes_order_and_promptness_hold(
    known: set[str], coming: list[str | None], batch: int
) -> None:
    load = Loads(batch)
    outcomes: list[Score | Failure | Flush] = []
    given_out: list[str | None] = []
    asked: list[str] = []
    remembered = set(known)
    waits = False

    def prompts() -> Iterator[Prompt | Flush]:
        nonlocal waits
        unmeasured: list[str] = []
        for text in coming:
            given_out.append(text)
            if text is None:
                unmeasured = []
            elif text not in remembered:
                asked.append(text)
                unmeasured.append(text)
                if len(unmeasured) == batch:
                    remembered.update(one for one in unmeasured if one != FAILS)
                    unmeasured = []
            waits = bool(unmeasured)
            yield FLUSH if text is None else prompt_of(text)
            # Asked for the next: nothing that could be told is held back.
            if not waits:
                assert len(outcomes) == len(given_out)
            if text is None:
                remembered.update(one for one in asked if one != FAILS)

    with TemporaryDirectory() as folder:
        with closing(caching(Path(folder), Loads())) as engine:
            scored(engine, *sorted(known))
        with closing(caching(Path(folder), load)) as engine:
            for some in engine.score(prompts()):
                outcomes += [some] if isinstance(some, Flush) else some
    assert [_seen(one) for one in outcomes] == [_wanted(text) for text in coming]
    assert load.measured == asked


def _seen(outcome: Score | Failure | Flush) -> object:
    return outcome.unsafe if isinstance(outcome, Score) else type(outcome)


def _wanted(text: str | None) -> object:
    if text is None:
        return Flush
    return Failure if text == FAILS else json.loads(text)["packed"]
