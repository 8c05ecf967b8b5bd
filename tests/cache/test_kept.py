"""Kept scores are the ones that were measured, to the bit, or there are none."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from seaguard_cli.cache.cache import Answers, Cache
from seaguard_cli.cache.database import Database
from seaguard_cli.cache.kept import KeptScores
from seaguard_cli.cache.keys import Keys, identity_of
from seaguard_cli.errors import CacheCleared, CacheDamaged, CacheFailed
from seaguard_cli.verdict import Score

from .helpers import SECRET, entries, opened, prompt_of

Clock = Callable[[float], None]


@pytest.fixture
def days(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the day that it is."""
    monkeypatch.setattr("time.time", lambda: 0.0)

    def set_day(day: float) -> None:
        monkeypatch.setattr("time.time", lambda: day * 86_400.0)

    return set_day


@contextmanager
def using(folder: Path, **how: object) -> Iterator[KeptScores]:
    with closing(opened(folder, **how)) as kept:  # type: ignore[arg-type]
        yield kept


def keep(kept: KeptScores, text: str, score: Score) -> None:
    kept.keep(kept.places(prompt_of(text)), score)


def alone(kept: KeptScores, text: str) -> Score | None:
    return kept.alone(kept.places(prompt_of(text)))


def packed(kept: KeptScores, text: str) -> Score | None:
    return kept.packed(kept.places(prompt_of(text)))


def last_used(folder: Path) -> list[int]:
    with closing(sqlite3.connect(folder / "scores.db")) as connection:
        return sorted(day for (day,) in connection.execute("SELECT used FROM scores"))


def test_a_packed_score_is_never_given_for_one_measured_alone(tmp_path: Path) -> None:
    score = Score(0.9, 0.75)
    with using(tmp_path) as kept:
        keep(kept, "a", score)
        assert alone(kept, "a") is None
        assert packed(kept, "a") == score
    with using(tmp_path) as kept:
        assert alone(kept, "a") is None
        assert packed(kept, "a") == score


def test_one_measured_alone_goes_before_a_packed_one(tmp_path: Path) -> None:
    for order in (1, -1):
        folder = tmp_path / str(order)
        with using(folder) as kept:
            for score in (Score(0.5, 1.0), Score(0.25, 1.0, exact=True))[::order]:
                keep(kept, "a", score)
        with using(folder) as kept:
            assert packed(kept, "a") == alone(kept, "a") == Score(0.25, 1.0, exact=True)


@pytest.mark.parametrize(
    "other",
    [{"secret": SECRET[::-1]}, {"exact": "f", "packed": "q"}],
)
def test_another_secret_or_way_finds_nothing(tmp_path: Path, other: dict[str, object]) -> None:
    with using(tmp_path) as kept:
        keep(kept, "a", Score(0.9, 1.0))
        keep(kept, "a", Score(0.9, 1.0, exact=True))
    with using(tmp_path, **other) as kept:
        assert alone(kept, "a") is None
        assert packed(kept, "a") is None


def test_another_way_to_pack_leaves_what_was_measured_alone(tmp_path: Path) -> None:
    with using(tmp_path) as kept:
        keep(kept, "a", Score(0.9, 1.0, exact=True))
        keep(kept, "b", Score(0.9, 1.0))
    with using(tmp_path, packed="other") as kept:
        assert packed(kept, "a") == Score(0.9, 1.0, exact=True)
        assert packed(kept, "b") is None


def test_a_batch_is_written_when_it_is_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 0.0)
    with using(tmp_path) as kept:
        keep(kept, "first", Score(0.5, 1.0))
        for number in range(511):
            keep(kept, str(number), Score(0.5, 1.0))
        assert entries(tmp_path) == 1
        assert packed(kept, "0") == Score(0.5, 1.0)
        keep(kept, "511", Score(0.5, 1.0))
        assert entries(tmp_path) == 513


def test_a_batch_is_written_when_it_is_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    with using(tmp_path) as kept:
        # Nobody knows when another comes.
        keep(kept, "a", Score(0.5, 1.0))
        assert entries(tmp_path) == 1
        keep(kept, "b", Score(0.5, 1.0))
        assert entries(tmp_path) == 1
        now = 1.0
        keep(kept, "c", Score(0.5, 1.0))
        assert entries(tmp_path) == 3
        keep(kept, "d", Score(0.5, 1.0))
        assert entries(tmp_path) == 3
        kept.write()
        assert entries(tmp_path) == 4


def test_closing_writes_what_is_left(tmp_path: Path) -> None:
    with using(tmp_path) as kept:
        keep(kept, "a", Score(0.5, 1.0))
    assert entries(tmp_path) == 1
    kept.close()


def test_never_many_more_than_the_limit_are_kept(tmp_path: Path) -> None:
    with using(tmp_path, limit=300) as kept:
        for number in range(2000):
            keep(kept, str(number), Score(0.5, 1.0))
            if number % 50 == 0:
                kept.write()
                assert entries(tmp_path) <= 300
    assert 270 <= entries(tmp_path) <= 300


def test_use_is_noted_to_within_a_week(tmp_path: Path, days: Clock) -> None:
    days(100)
    with using(tmp_path) as kept:
        for text in "abc":
            keep(kept, text, Score(0.5, 1.0))
    for day, text, found in ((106, "a", [100, 100, 100]), (107, "b", [100, 100, 107])):
        days(day)
        with using(tmp_path) as kept:
            assert packed(kept, text)
        assert last_used(tmp_path) == found


def test_answers_are_counted_and_kept(tmp_path: Path) -> None:
    for _ in range(2):
        with using(tmp_path) as kept:
            for text in "aab":
                if packed(kept, text) is None:
                    keep(kept, text, Score(0.5, 1.0))
    assert Cache(tmp_path).overview().hits == 4


class TestWhatFails:
    """It is told once; from then on nothing is found, and nothing is raised."""

    @pytest.fixture
    def told(self) -> list[CacheFailed]:
        return []

    @pytest.fixture
    def kept(self, tmp_path: Path, told: list[CacheFailed]) -> Iterator[KeptScores]:
        database = Database(tmp_path / "scores.db")
        database.belong_to(identity_of(SECRET))
        keys = Keys(SECRET, ["weights"], exact="e", packed="p")
        with closing(
            KeptScores(database, keys, limit=10, answers=Answers(), failed=told.append)
        ) as kept:
            keep(kept, "a", Score(0.5, 1.0))
            kept.write()
            yield kept

    def require_over(self, kept: KeptScores) -> None:
        assert packed(kept, "a") is None
        keep(kept, "b", Score(0.5, 1.0))
        assert packed(kept, "b") is None
        kept.write()
        kept.close()

    def test_while_it_is_read(
        self, kept: KeptScores, told: list[CacheFailed], tmp_path: Path
    ) -> None:
        with closing(sqlite3.connect(tmp_path / "scores.db")) as other, other:
            other.execute("DROP TABLE scores")
        self.require_over(kept)
        assert [type(one) for one in told] == [CacheDamaged]

    def test_while_it_is_written(
        self, kept: KeptScores, told: list[CacheFailed], tmp_path: Path
    ) -> None:
        Cache(tmp_path).clear()
        keep(kept, "b", Score(0.5, 1.0))
        kept.write()
        self.require_over(kept)
        assert [type(one) for one in told] == [CacheCleared]

    def test_a_score_that_is_not_what_was_written(
        self, kept: KeptScores, told: list[CacheFailed], tmp_path: Path
    ) -> None:
        with closing(sqlite3.connect(tmp_path / "scores.db")) as other, other:
            (score,) = other.execute("SELECT score FROM scores").fetchone()
            other.execute("UPDATE scores SET score = ?", [bytes([score[0] ^ 1]) + score[1:]])
        self.require_over(kept)
        assert [type(one) for one in told] == [CacheDamaged]

    def test_a_score_that_is_no_bytes(
        self, kept: KeptScores, told: list[CacheFailed], tmp_path: Path
    ) -> None:
        with closing(sqlite3.connect(tmp_path / "scores.db")) as other, other:
            other.execute("UPDATE scores SET score = 0.5")
        self.require_over(kept)
        assert [type(one) for one in told] == [CacheDamaged]


def test_noise_in_the_file_never_gives_another_score(tmp_path: Path) -> None:
    scores = {str(number): Score(number / 1000, 1.0) for number in range(1000)}
    with using(tmp_path, limit=10**6) as kept:
        for text, score in scores.items():
            keep(kept, text, score)
    path, noise = tmp_path / "scores.db", random.Random(1)
    whole = path.read_bytes()
    right = 0
    for at in range(60):
        data = bytearray(whole)
        if at % 3:
            data[noise.randrange(100, len(data))] ^= 1 << noise.randrange(8)
        else:
            begin = noise.randrange(100, len(data))
            data[begin : begin + 500] = noise.randbytes(len(data[begin : begin + 500]))
        path.write_bytes(data)
        try:
            with using(tmp_path, limit=10**6) as kept:
                for text, score in scores.items():
                    found = packed(kept, text)
                    assert found in (None, score)
                    right += found is not None
        except CacheFailed:
            continue
    assert right > 4_000
