"""`Cache`: where scores are kept between runs, and what of it a person may ask and tell."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from seaguard_cli import defaults
from seaguard_cli.cache.database import BESIDE, Database, remove
from seaguard_cli.cache.engine import CachingEngine
from seaguard_cli.cache.kept import Answers, KeptScores
from seaguard_cli.cache.keys import Keys, identity_of
from seaguard_cli.cache.secret import renew_secret, secret_at
from seaguard_cli.engine import Engine
from seaguard_cli.errors import CacheDamaged, CacheFailed, CacheNewer
from seaguard_cli.state import make_private, state_folder
from seaguard_cli.weights.digest import Digest, digest_of

if TYPE_CHECKING:
    from seaguard_cli.engine.front import FingerprintedFront
    from seaguard_cli.weights.pulling import Progress

_FIRST_DAY = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Overview:
    """What a cache holds: scores, bytes on the disk, and the days of the least and latest use.

    `hits` counts the scores that it has ever given.
    """

    path: Path
    entries: int = 0
    size: int = 0
    hits: int = 0
    least_used: date | None = None
    last_used: date | None = None


class Cache:
    """Scores kept between runs, in a folder that several processes may use at once.

    It holds numbers under keyed hashes, and no text. At most `limit` scores are kept, those used
    least lately given up first. Where the cache cannot be used a run goes on without it: `failed`
    is told why, or else a RuntimeWarning is. `progress` is told while weights are hashed.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        limit: int = defaults.CACHE_LIMIT,
        failed: Callable[[CacheFailed], None] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._folder = folder or state_folder()
        self._limit = limit
        self._failed = failed or _warn
        self._progress = progress
        self.answers = Answers()

    @property
    def path(self) -> Path:
        """Give the file that the scores are in; it need not exist yet."""
        return self._folder / "scores.db"

    def around(
        self, front: FingerprintedFront, load: Callable[[], Engine], weights: Path
    ) -> Engine:
        """Give an engine that scores as the one that `load` opens does, and remembers.

        `front` stands in for that one, which has the weights of the GGUF at `weights`. Where the
        cache cannot be used it is that engine itself.
        """
        try:
            digest = self._digest(weights)
            kept = self._opened(front, digest)
        except CacheFailed as error:
            self._failed(error)
            front.close()
            return load()
        except BaseException:
            front.close()
            raise

        def load_the_same() -> Engine:
            engine = load()
            if not digest.holds():
                kept.give_up(CacheFailed(path=str(weights), reason="it changed while it was read"))
            return engine

        return CachingEngine(front, load_the_same, kept)

    def overview(self) -> Overview:
        """Give what the cache holds. Raises CacheFailed."""
        if not self.path.exists():
            return Overview(self.path)
        with closing(Database(self.path)) as database:
            days = database.days()
            entries, hits = database.number("entries"), database.number("hits")
        least, last = (_FIRST_DAY + timedelta(days=day) for day in days) if days else (None, None)
        return Overview(self.path, entries, self.size(), hits, least, last)

    def size(self) -> int:
        """Give how many bytes the cache takes on the disk, whatever state it is in."""
        files = (self.path.with_name(self.path.name + ending) for ending in ("", *BESIDE))
        return sum(file.stat().st_size for file in files if file.is_file())

    def clear(self) -> None:
        """Forget everything, the secret that gave the keys included. Raises CacheFailed."""
        try:
            make_private(self._folder)
            identity = identity_of(renew_secret(self._secret))
        except OSError as error:
            raise _failure(self._secret, error) from error
        if not self.path.exists():
            return
        try:
            with closing(Database(self.path)) as database:
                database.clear(identity)
        except (CacheDamaged, CacheNewer):
            remove(self.path)

    @property
    def _secret(self) -> Path:
        return self._folder / "scores.key"

    def _digest(self, weights: Path) -> Digest:
        try:
            return digest_of(weights, self._progress, memo=self._folder / "digests")
        except OSError as error:
            raise _failure(weights, error) from error

    def _opened(self, front: FingerprintedFront, digest: Digest) -> KeptScores:
        try:
            make_private(self._folder)
            secret = secret_at(self._secret)
        except OSError as error:
            raise _failure(self._secret, error) from error
        database = Database(self.path)
        try:
            database.belong_to(identity_of(secret))
        except BaseException:
            database.close()
            raise
        keys = Keys(secret, digest.hashes, **front.fingerprint._asdict())
        return KeptScores(
            database, keys, limit=self._limit, answers=self.answers, failed=self._failed
        )


def _failure(path: Path, error: OSError) -> CacheFailed:
    return CacheFailed(path=str(error.filename or path), reason=error.strerror or str(error))


def _warn(error: CacheFailed) -> None:
    warnings.warn(f"seaguard goes on without its cache: {error}", RuntimeWarning, stacklevel=2)
