"""The hash of weights: taken once, as long as the file is the one that it was taken of."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from seaguard_cli.weights import Manifest, Store, digest
from seaguard_cli.weights.digest import digest_of
from seaguard_cli.weights.store import StoredFile

ONE, TWO, THREE = b"GGUF one" * 1000, b"GGUF two" * 1000, b"GGUF three" * 1000


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were really hashed; a file may be remembered at once."""
    names: list[str] = []
    real = digest.sha256_of

    def noting(path: Path, counted: object) -> str:
        names.append(path.name)
        return real(path, counted)  # type: ignore[arg-type]

    monkeypatch.setattr(digest, "sha256_of", noting)
    monkeypatch.setattr(digest, "_UNSETTLED", -(10**9))
    return names


@pytest.fixture
def memo(tmp_path: Path) -> Path:
    return tmp_path / "state" / "digests"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "some.gguf"
    path.write_bytes(ONE)
    return path


def take(path: Path, memo: Path, store: Store | None = None) -> tuple[str, ...]:
    return digest_of(path, memo=memo, store=store or Store(memo / "none")).hashes


def test_it_is_the_files_sha256_and_is_taken_once(
    weights: Path, memo: Path, hashed: list[str]
) -> None:
    for _ in range(3):
        assert take(weights, memo) == (sha(ONE),)
    assert hashed == ["some.gguf"]


def test_a_relative_path_and_an_absolute_one_are_one(
    weights: Path, memo: Path, hashed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    take(weights, memo)
    monkeypatch.chdir(weights.parent)
    take(Path("some.gguf"), memo)
    assert hashed == ["some.gguf"]


@pytest.mark.parametrize("keep_time", [False, True])
def test_another_content_is_another_digest(
    weights: Path, memo: Path, hashed: list[str], keep_time: bool
) -> None:
    take(weights, memo)
    before = weights.stat()
    time.sleep(0.02)
    weights.write_bytes(TWO)
    if keep_time:
        # Of the same size and the same time: that it was changed shows all the same.
        os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert take(weights, memo) == (sha(TWO),)
    assert len(hashed) == 2


def test_touching_a_file_has_it_hashed_again(weights: Path, memo: Path, hashed: list[str]) -> None:
    take(weights, memo)
    os.utime(weights, (1, 1))
    assert take(weights, memo) == (sha(ONE),)
    assert len(hashed) == 2


def test_another_file_in_its_place(weights: Path, memo: Path, hashed: list[str]) -> None:
    take(weights, memo)
    other = weights.with_name("other")
    other.write_bytes(TWO)
    shutil.copystat(weights, other)
    other.replace(weights)
    assert take(weights, memo) == (sha(TWO),)


def test_a_link_that_leads_elsewhere_by_now(weights: Path, memo: Path, hashed: list[str]) -> None:
    other, link = weights.with_name("other.gguf"), weights.with_name("link.gguf")
    other.write_bytes(TWO)
    link.symlink_to(weights)
    assert take(link, memo) == (sha(ONE),)
    link.unlink()
    link.symlink_to(other)
    assert take(link, memo) == (sha(TWO),)


def test_a_file_that_was_changed_just_now_is_not_trusted_to_stay(weights: Path, memo: Path) -> None:
    take(weights, memo)
    assert not memo.exists()


def test_every_part_of_a_split_file_counts(tmp_path: Path, memo: Path, hashed: list[str]) -> None:
    parts = [tmp_path / f"big-{part:05d}-of-00003.gguf" for part in (1, 2, 3)]
    for part, data in zip(parts, (ONE, TWO, THREE), strict=True):
        part.write_bytes(data)
    wanted = (sha(ONE), sha(TWO), sha(THREE))
    assert take(parts[0], memo) == take(parts[2], memo) == wanted
    assert len(hashed) == 3
    parts[1].write_bytes(THREE)
    assert take(parts[0], memo) == (sha(ONE), sha(THREE), sha(THREE))
    parts[2].unlink()
    assert take(parts[0], memo) == (sha(ONE), sha(THREE), "")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"path": 1}',
        b"\xff\xfe",
        b'{"path": "", "state": [], "sha256": 3}',
    ],
)
def test_a_memo_that_cannot_be_read_is_made_anew(
    weights: Path, memo: Path, hashed: list[str], content: bytes
) -> None:
    take(weights, memo)
    (file,) = memo.iterdir()
    file.write_bytes(content)
    assert take(weights, memo) == (sha(ONE),)
    assert len(hashed) == 2
    assert json.loads(file.read_bytes())["sha256"] == sha(ONE)


def test_without_a_place_for_the_memo_it_is_taken_again(
    weights: Path, tmp_path: Path, hashed: list[str]
) -> None:
    (tmp_path / "state").write_bytes(b"a file, and no folder")
    for _ in range(2):
        assert take(weights, tmp_path / "state" / "digests") == (sha(ONE),)
    assert len(hashed) == 2


def test_threads_that_ask_at_once(weights: Path, memo: Path, hashed: list[str]) -> None:
    found: list[tuple[str, ...]] = []
    threads = [threading.Thread(target=lambda: found.append(take(weights, memo))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [(sha(ONE),)] * 6
    assert take(weights, memo) == (sha(ONE),)
    assert len(hashed) <= 6


def test_a_file_that_changes_while_it_is_hashed_has_no_digest(
    weights: Path, memo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changing(path: Path, _counted: object) -> str:
        path.write_bytes(TWO)
        return sha(ONE)

    monkeypatch.setattr(digest, "sha256_of", changing)
    with pytest.raises(OSError, match="changed"):
        take(weights, memo)


def test_a_file_that_is_not_there_has_none(tmp_path: Path, memo: Path) -> None:
    with pytest.raises(OSError, match="gone"):
        take(tmp_path / "none.gguf", memo)


def test_it_tells_whether_it_still_holds(weights: Path, memo: Path) -> None:
    found = digest_of(weights, memo=memo)
    assert found.holds()
    weights.write_bytes(TWO + b"x")
    assert not found.holds()
    weights.unlink()
    assert not found.holds()


class TestAManifest:
    """What seaguard fetched or built was verified then."""

    def put(self, store: Store, at: datetime, *, size: int = len(ONE)) -> Path:
        name = store.name_of("some-model", "Q4_K_M")
        store.folder.mkdir(exist_ok=True)
        path = store.folder / name
        path.write_bytes(ONE)
        known = StoredFile(name, "source.gguf", size, "f" * 64)
        manifest = Manifest(
            "some-model", "Q4_K_M", "fetched", "o/n", None, None, at.isoformat(), "0", (known,)
        )
        store.write(manifest)
        return path

    def test_spares_the_hash(self, tmp_path: Path, memo: Path, hashed: list[str]) -> None:
        store = Store(tmp_path / "weights")
        path = self.put(store, datetime.now(UTC))
        assert take(path, memo, store) == ("f" * 64,)
        assert hashed == []

    def test_is_not_believed_of_a_file_changed_since(
        self, tmp_path: Path, memo: Path, hashed: list[str]
    ) -> None:
        store = Store(tmp_path / "weights")
        path = self.put(store, datetime.now(UTC) - timedelta(seconds=5))
        assert take(path, memo, store) == (sha(ONE),)

    def test_is_not_believed_of_a_file_of_another_size(
        self, tmp_path: Path, memo: Path, hashed: list[str]
    ) -> None:
        store = Store(tmp_path / "weights")
        path = self.put(store, datetime.now(UTC), size=3)
        assert take(path, memo, store) == (sha(ONE),)

    def test_says_nothing_of_a_file_elsewhere(
        self, tmp_path: Path, memo: Path, hashed: list[str]
    ) -> None:
        store = Store(tmp_path / "weights")
        path = self.put(store, datetime.now(UTC))
        other = tmp_path / path.name
        other.write_bytes(TWO)
        assert take(other, memo, store) == (sha(TWO),)
