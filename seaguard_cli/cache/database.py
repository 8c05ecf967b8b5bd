"""The SQLite file of the cache: kept scores by key, for several processes at once.

It never grows past its limit for long: what was used least lately goes first.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from seaguard_cli.cache.eviction import RANGES, cut
from seaguard_cli.errors import CacheCleared, CacheDamaged, CacheFailed, CacheNewer
from seaguard_cli.state import make_private

# What SQLite keeps beside the file, by the ends of the names.
BESIDE = ("-wal", "-shm", "-journal")
_VERSION = 1
_APPLICATION = 0x5EA6A4D
_TABLES = (
    "CREATE TABLE scores (key BLOB PRIMARY KEY, score BLOB NOT NULL, used INTEGER NOT NULL)"
    " WITHOUT ROWID",
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID",
    "INSERT INTO facts VALUES ('identity', x''), ('entries', 0), ('hits', 0)",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {_VERSION}",
)
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
# Another process holds the file for as long as it takes to write a batch.
_PATIENCE = 10.0
_PAUSE = 0.01


class Database:
    """One connection. Everything it does raises CacheFailed, and changes nothing then.

    `used` is a day, counted from any first one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._told():
            make_private(path.parent)
            # Before SQLite makes it, which would let everybody read it.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._connection = sqlite3.connect(
                path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def belong_to(self, identity: bytes) -> None:
        """Make the database that of one secret: what another's owner kept cannot be found."""
        self._identity = identity
        with self._writing():
            if self._fact("identity") != identity:
                self._empty(identity)
            # One that cannot be written to is better known now than after hours.
            say = "UPDATE facts SET value = ? WHERE name = 'identity'"
            self._connection.execute(say, [identity])

    def find(self, key: bytes) -> tuple[bytes, int] | None:
        """Give what is kept under `key`, and when it was last used."""
        with self._told():
            found = self._connection.execute("SELECT score, used FROM scores WHERE key = ?", [key])
            row = found.fetchone()
        if row is None:
            return None
        score, used = row
        if not isinstance(score, bytes) or not isinstance(used, int):
            raise CacheDamaged(path=str(self.path), reason="a score in it is none")
        return score, used

    def keep(
        self, new: Mapping[bytes, bytes], used_again: Mapping[bytes, int], *, today: int, hits: int
    ) -> int:
        """Keep new scores, note use, and give how many scores there are now.

        Raises CacheCleared when it is another secret's by now.
        """
        with self._writing():
            if self._fact("identity") != self._identity:
                raise CacheCleared(path=str(self.path))
            run = self._connection.executemany
            rows = [(key, score, today) for key, score in new.items()]
            added = run("INSERT OR IGNORE INTO scores VALUES (?, ?, ?)", rows).rowcount
            days = [(day, key) for key, day in used_again.items()]
            run("UPDATE scores SET used = ? WHERE key = ?", days)
            self._count("entries", max(added, 0))
            self._count("hits", hits)
            return self.number("entries")

    def evict(self, most: int) -> None:
        """Give up what was used least lately until nine tenths of `most` are left.

        Written in small parts, between which other processes get their turn.
        """
        with self._told():
            uses = "SELECT used, count(*) FROM scores GROUP BY used ORDER BY used"
            day, some = cut(self._connection.execute(uses).fetchall(), keep=most * 9 // 10)
            first_to_stay = self._connection.execute(
                "SELECT key FROM scores WHERE used = ? ORDER BY key LIMIT 1 OFFSET ?", [day, some]
            ).fetchone()
        bound = first_to_stay[0] if first_to_stay else b""
        old = "(used < ? OR (used = ? AND key < ?))"
        for first, last in RANGES:
            with self._writing():
                gone = self._connection.execute(
                    f"DELETE FROM scores WHERE key >= ? AND key < ? AND {old}",
                    [first, last, day, day, bound],
                ).rowcount
                self._count("entries", -gone)

    def days(self) -> tuple[int, int] | None:
        """Give the days of the least and of the most lately used score; None without any."""
        with self._told():
            first, last = self._connection.execute(
                "SELECT min(used), max(used) FROM scores"
            ).fetchone()
        return None if first is None else (first, last)

    def number(self, name: str) -> int:
        """Give how many `entries` there are, or how many `hits` there were."""
        value = self._fact(name)
        if not isinstance(value, int):
            raise CacheDamaged(path=str(self.path), reason=f"it does not tell its {name}")
        return value

    def clear(self, identity: bytes) -> None:
        """Forget every score, and give the room back."""
        self._identity = identity
        with self._told():
            # Zeros in place of what goes would take as long as writing it did, and tell no less:
            # nothing of it can be tied to a text without the old secret.
            self._connection.execute("PRAGMA secure_delete = OFF")
        with self._writing():
            self._empty(identity)
        with self._told():
            self._connection.execute("VACUUM")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file; may be called again."""
        with suppress(sqlite3.Error):
            self._connection.close()

    def _prepare(self) -> None:
        with self._told():
            made = self._require_ours()
            self._set_modes()
        if not made:
            with self._writing():
                # Another process may have been faster.
                if not self._require_ours():
                    for statement in _TABLES:
                        self._connection.execute(statement)

    def _require_ours(self) -> bool:
        """Tell whether the tables are made. Raises CacheNewer, or CacheDamaged for another's."""
        if not self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return False
        if self._pragma("application_id") != _APPLICATION:
            raise CacheDamaged(path=str(self.path), reason="it is another program's database")
        if self._pragma("user_version") > _VERSION:
            raise CacheNewer(path=str(self.path))
        return True

    def _set_modes(self) -> None:
        self._share_the_journal()
        # What a loss of power may take is the last batches; the file stays whole.
        self._connection.execute("PRAGMA synchronous = NORMAL")

    def _share_the_journal(self) -> None:
        """Let readers and one writer at a time not wait for one another.

        Where another process is just making the file, SQLite gives up at once in place of waiting
        as it does elsewhere (https://sqlite.org/c3ref/busy_handler.html), so waiting is ours.
        """
        last = time.monotonic() + _PATIENCE
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > last:
                    raise
            time.sleep(_PAUSE)

    def _pragma(self, name: str) -> int:
        return int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])

    def _fact(self, name: str) -> object:
        with self._told():
            found = self._connection.execute("SELECT value FROM facts WHERE name = ?", [name])
            row = found.fetchone()
        return row[0] if row else None

    def _empty(self, identity: bytes) -> None:
        self._connection.execute("DELETE FROM scores")
        say = "UPDATE facts SET value = ? WHERE name = ?"
        facts = [(identity, "identity"), (0, "entries"), (0, "hits")]
        self._connection.executemany(say, facts)

    def _count(self, name: str, by: int) -> None:
        if by:
            self._connection.execute(
                "UPDATE facts SET value = value + ? WHERE name = ?", [by, name]
            )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Do everything that is done within, or nothing of it."""
        with self._told():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # SQLite may have done so by itself.
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell SQLite's errors as ours."""
        try:
            yield
        except sqlite3.Error as error:
            broken = _code(error) in _BROKEN or "no such " in str(error)
            kind = CacheDamaged if broken else CacheFailed
            raise kind(path=str(self.path), reason=str(error)) from error
        except OSError as error:
            path = str(error.filename or self.path)
            raise CacheFailed(path=path, reason=error.strerror or str(error)) from error


def _code(error: sqlite3.Error) -> int:
    """Give SQLite's primary result code; 0 for an error that Python's own module raises."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def remove(path: Path) -> None:
    """Delete a database that cannot be cleared, with what SQLite keeps beside it.

    Raises CacheFailed.
    """
    for ending in ("", *BESIDE):
        try:
            path.with_name(path.name + ending).unlink(missing_ok=True)
        except OSError as error:
            raise CacheFailed(path=str(path), reason=error.strerror or str(error)) from error
