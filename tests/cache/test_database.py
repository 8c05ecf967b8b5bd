"""The file: several processes, kills, limits, and whatever else may be found in its place."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaguard_cli.cache.database import Database
from seaguard_cli.cache.eviction import RANGES, cut
from seaguard_cli.errors import CacheCleared, CacheDamaged, CacheFailed, CacheNewer

from .helpers import entries

MINE = b"mine"
NAME = "scores.db"
# Keeps scores under random keys for ever, and tells after each batch how many it has kept.
WRITER = """
import os, sys
from pathlib import Path
from seaguard_cli.cache.database import Database
database = Database(Path(sys.argv[1]))
database.belong_to(b"mine")
print("ready", flush=True)
sys.stdin.readline()
for batch in range(int(sys.argv[2])):
    new = {os.urandom(16): b"s" * 24 for _ in range(50)} | {b"%016d" % batch: b"t" * 24}
    database.keep(new, {}, today=1, hits=1)
    print(50 * batch + 51, flush=True)
"""


@contextmanager
def opened(folder: Path, identity: bytes = MINE) -> Iterator[Database]:
    with closing(Database(folder / NAME)) as database:
        database.belong_to(identity)
        yield database


def keys(count: int, seed: int = 0) -> list[bytes]:
    made = random.Random(seed)
    return [made.randbytes(16) for _ in range(count)]


def kept(count: int, seed: int = 0) -> dict[bytes, bytes]:
    return dict.fromkeys(keys(count, seed), b"s" * 24)


def writer(folder: Path, batches: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder / NAME), str(batches)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_what_is_kept_is_found_by_the_next(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        assert database.keep({b"a": b"1", b"b": b"2"}, {}, today=7, hits=0) == 2
    with opened(tmp_path) as database:
        assert database.find(b"a") == (b"1", 7)
        assert database.find(b"c") is None
    assert entries(tmp_path) == 2


def test_the_first_of_two_equal_keys_stays(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        database.keep({b"a": b"1"}, {}, today=7, hits=0)
        assert database.keep({b"a": b"2", b"b": b"3"}, {}, today=8, hits=0) == 2
        assert database.find(b"a") == (b"1", 7)
    assert entries(tmp_path) == 2


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "seaguard"
    with opened(folder) as database:
        database.keep(kept(10), {}, today=1, hits=0)
        modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes == dict.fromkeys((NAME, f"{NAME}-wal", f"{NAME}-shm"), 0o600)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_several_processes_begin_and_write_at_once(tmp_path: Path) -> None:
    running = [writer(tmp_path / "new", 20) for _ in range(4)]
    for process in running:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    told = [process.communicate("go\n")[0] for process in running]
    assert [process.returncode for process in running] == [0] * 4
    assert all(len(lines.split()) == 20 for lines in told)
    # Twenty keys are the same in all four.
    assert entries(tmp_path / "new") == 4 * 20 * 50 + 20


def test_one_that_begins_waits_for_another_that_has_begun(tmp_path: Path) -> None:
    """SQLite itself does not wait where a file's journal is changed: its caller has to."""
    with closing(sqlite3.connect(tmp_path / NAME, isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as pool:
            beginning = pool.submit(Database, tmp_path / NAME)
            with pytest.raises(TimeoutError):
                beginning.result(timeout=0.2)
            another.execute("COMMIT")
            beginning.result().close()


def test_one_that_is_killed_leaves_whole_batches(tmp_path: Path) -> None:
    told = 0
    for wait in (0.0, 0.01, 0.03, 0.06, 0.1):
        with writer(tmp_path, 10**6) as process:
            assert process.stdin
            assert process.stdout
            process.stdout.readline()
            process.stdin.write("go\n")
            process.stdin.flush()
            process.stdout.readline()
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
            lines = process.stdout.read().split()
        told += 50 * (1 + len(lines))
        found = entries(tmp_path)
        with opened(tmp_path) as database:
            numbered = sum(database.find(b"%016d" % batch) is not None for batch in range(10**4))
        # What it told is there; the batch that it was at may be, whole.
        assert (found - numbered) % 50 == 0
        assert found - numbered >= told
        told = found - numbered


def test_one_cleared_by_another_takes_nothing_more(tmp_path: Path) -> None:
    with opened(tmp_path) as one, opened(tmp_path) as other:
        one.keep(kept(5), {}, today=1, hits=0)
        other.clear(b"new")
        with pytest.raises(CacheCleared):
            one.keep(kept(5, seed=1), {}, today=1, hits=0)
        assert one.find(keys(5)[0]) is None
    assert entries(tmp_path) == 0


def test_another_secret_finds_nothing_and_begins_anew(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        database.keep(kept(5), {}, today=1, hits=3)
    with opened(tmp_path, b"other") as database:
        assert database.number("entries") == database.number("hits") == 0
        assert all(database.find(key) is None for key in keys(5))
    assert entries(tmp_path) == 0


def test_clearing_gives_the_room_back(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        database.keep(kept(20_000), {}, today=1, hits=3)
    before = (tmp_path / NAME).stat().st_size
    with opened(tmp_path) as database:
        database.clear(b"new")
    assert (tmp_path / NAME).stat().st_size < before / 20
    assert entries(tmp_path) == 0


class TestEviction:
    def test_what_was_used_least_lately_goes(self, tmp_path: Path) -> None:
        with opened(tmp_path) as database:
            for day in range(10):
                database.keep(kept(100, seed=day), {}, today=day, hits=0)
            again = dict.fromkeys(keys(100, seed=0), 10)
            database.keep({}, again, today=10, hits=0)
            database.evict(500)
            assert database.days() is not None
            left = [
                sum(database.find(key) is not None for key in keys(100, day)) for day in range(10)
            ]
        assert left[0] == 100
        assert left[1:6] == [0] * 5
        assert left[6] == 50
        assert left[7:] == [100] * 3
        assert entries(tmp_path) == sum(left)

    def test_some_of_one_day_go_when_there_is_no_other(self, tmp_path: Path) -> None:
        with opened(tmp_path) as database:
            database.keep(kept(4000), {}, today=3, hits=0)
            database.evict(2000)
        assert entries(tmp_path) == 1800

    def test_nothing_goes_when_there_is_room(self, tmp_path: Path) -> None:
        with opened(tmp_path) as database:
            database.keep(kept(100), {}, today=3, hits=0)
            database.evict(200)
        assert entries(tmp_path) == 100

    def test_again_and_again_on_one_day(self, tmp_path: Path) -> None:
        with opened(tmp_path) as database:
            for seed in range(20):
                if database.keep(kept(100, seed), {}, today=3, hits=0) > 1000:
                    database.evict(1000)
                assert database.number("entries") <= 1000
        assert entries(tmp_path) >= 900

    @given(st.dictionaries(st.integers(0, 30), st.integers(1, 9)), st.integers(0, 60))
    def test_the_cut_leaves_the_latest(self, counts: dict[int, int], keep: int) -> None:
        days = sorted(counts.items())
        day, some = cut(days, keep=keep)
        left = {one: count for one, count in days if one >= day}
        if some:
            assert some < left[day]
            left[day] -= some
        assert sum(left.values()) == min(keep, sum(counts.values()))

    def test_every_key_is_in_one_range(self) -> None:
        for key in [b"\x00" * 16, b"\xff" * 16, b"\x7f" + b"\xff" * 15, *keys(500)]:
            assert sum(first <= key < last for first, last in RANGES) == 1


class TestSomethingElseInItsPlace:
    def make(self, folder: Path) -> Path:
        with opened(folder) as database:
            database.keep(kept(2000), {}, today=1, hits=0)
        return folder / NAME

    @pytest.mark.parametrize("data", [b"no database", b"SQLite format 3\x00 and no more" * 200])
    def test_another_file(self, tmp_path: Path, data: bytes) -> None:
        (tmp_path / NAME).write_bytes(data)
        with pytest.raises(CacheDamaged):
            Database(tmp_path / NAME)
        assert (tmp_path / NAME).read_bytes() == data

    def test_an_empty_file_is_a_new_cache(self, tmp_path: Path) -> None:
        (tmp_path / NAME).touch()
        self.make(tmp_path)
        assert entries(tmp_path) == 2000

    def test_another_programs_database_is_left_alone(self, tmp_path: Path) -> None:
        with closing(sqlite3.connect(tmp_path / NAME)) as other:
            other.execute("CREATE TABLE bookmarks (url TEXT)")
        before = (tmp_path / NAME).read_bytes()
        with pytest.raises(CacheDamaged):
            Database(tmp_path / NAME)
        assert (tmp_path / NAME).read_bytes() == before

    def test_a_later_versions(self, tmp_path: Path) -> None:
        with closing(sqlite3.connect(self.make(tmp_path))) as later:
            later.execute("PRAGMA user_version = 2")
        with pytest.raises(CacheNewer):
            Database(tmp_path / NAME)

    def test_without_its_tables(self, tmp_path: Path) -> None:
        with closing(sqlite3.connect(self.make(tmp_path))) as connection:
            connection.execute("DROP TABLE scores")
        with pytest.raises(CacheDamaged), opened(tmp_path) as database:
            database.find(b"a")

    def test_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / NAME).mkdir()
        with pytest.raises(CacheFailed):
            Database(tmp_path / NAME)

    def test_a_place_that_cannot_be(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(CacheFailed):
            Database(tmp_path / "file" / NAME)


def test_one_that_may_only_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(tmp_path):
        pass
    connect = sqlite3.connect

    def only_read(path: Path, **more: object) -> sqlite3.Connection:
        return connect(f"file:{path}?mode=ro", uri=True, **more)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(sqlite3, "connect", only_read)
    with pytest.raises(CacheFailed, match="readonly"), opened(tmp_path):
        pass


def test_one_that_another_holds_for_too_long_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seaguard_cli.cache.database._PATIENCE", 0.05)
    for _made in (False, True):
        with closing(sqlite3.connect(tmp_path / NAME, isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            with pytest.raises(CacheFailed, match="locked"), opened(tmp_path):
                pass
        with opened(tmp_path):
            pass


def test_a_full_disk_is_told_and_what_was_there_stays(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        database.keep(kept(50), {}, today=1, hits=0)
        database._connection.execute("PRAGMA max_page_count = 6")
        with pytest.raises(CacheFailed, match="full"):
            database.keep(kept(5000, seed=1), {}, today=1, hits=0)
        assert database.find(keys(50)[0]) == (b"s" * 24, 1)
    assert entries(tmp_path) == 50
