"""What the tests of the cache share: prompts, a front without a vocabulary, and opened caches."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from guard.helpers import FakeEngine

from seaguard_cli.cache.cache import Cache
from seaguard_cli.cache.database import Database
from seaguard_cli.cache.kept import KeptScores
from seaguard_cli.cache.keys import Keys, identity_of
from seaguard_cli.engine import Cancellation, EngineOptions
from seaguard_cli.engine.fingerprint import Fingerprint
from seaguard_cli.prompt import Family, Prompt, Segment, VerdictWords
from seaguard_cli.weights import load_catalogue

SECRET = bytes(range(32))
CATALOGUE = load_catalogue()


def prompt_of(text: str) -> Prompt:
    """A prompt whose text an engine of `guard.helpers` does as it says."""
    return Prompt((Segment("<", True), Segment(text, False), Segment(">", True)), head=0)


class FakeFront:
    """What stands in for a fake engine."""

    words = VerdictWords("safe", "unsafe")
    window = 2048

    def __init__(self, family: Family | None = None, exact: str = "e", packed: str = "p") -> None:
        self.family = family or CATALOGUE.families["qwen"]
        self.fingerprint = Fingerprint(exact, packed)
        self.closed = 0

    def count(self, prompt: Prompt) -> int:
        return len(prompt.turn)

    def close(self) -> None:
        self.closed += 1


def fake_engine(batch: int = 4) -> FakeEngine:
    return FakeEngine(
        Path("some.gguf"),
        EngineOptions(),
        cancellation=Cancellation(),
        families=CATALOGUE.families,
        family=None,
        spellings=(),
        batch=batch,
    )


def opened(folder: Path, *, limit: int = 1000, secret: bytes = SECRET, **ways: str) -> KeptScores:
    """The scores kept in a folder; it raises where a run would go on without them."""

    def failed(error: Exception) -> None:
        raise error

    database = Database(folder / "scores.db")
    database.belong_to(identity_of(secret))
    keys = Keys(secret, ["weights"], **{"exact": "e", "packed": "p", **ways})
    return KeptScores(database, keys, limit=limit, answers=Cache(folder).answers, failed=failed)


def entries(folder: Path) -> int:
    """How many scores a folder's database says that it has; it has to be sound."""
    path = folder / "scores.db"
    with closing(Database(path)) as database:
        connection = database._connection
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        counted = connection.execute("SELECT count(*) FROM scores").fetchone()[0]
        assert database.number("entries") == counted
    return int(counted)
