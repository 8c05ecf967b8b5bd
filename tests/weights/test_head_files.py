"""Kept heads on the disk: whole or not at all, few, small, private, and of these weights only."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from seaguard_cli.weights import heads
from seaguard_cli.weights.digest import digest_of, identity_of
from seaguard_cli.weights.heads import HeadFiles

STATE = bytes(range(256)) * 10


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that was not changed lately."""
    for name in ("XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    path = tmp_path / "some.gguf"
    path.write_bytes(b"GGUF and more")
    monkeypatch.setattr("seaguard_cli.weights.digest._UNSETTLED", -(10**9))
    return path


def files_of(weights: Path) -> HeadFiles:
    identity = identity_of(weights)
    assert identity
    return HeadFiles(identity, weights.parent / "state" / "heads")


def kept(weights: Path) -> list[Path]:
    return sorted((weights.parent / "state" / "heads").iterdir())


def test_a_state_comes_back_in_the_next_process(weights: Path) -> None:
    files_of(weights).write("way", STATE)
    assert files_of(weights).read("way") == STATE
    assert files_of(weights).read("another way") is None


def test_nobody_else_may_look(weights: Path) -> None:
    files_of(weights).write("way", STATE)
    (path,) = kept(weights)
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("at", [0, 31, 32, 500, -1])
def test_one_damaged_byte_is_as_no_state(weights: Path, at: int) -> None:
    files_of(weights).write("way", STATE)
    (path,) = kept(weights)
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    assert files_of(weights).read("way") is None
    files_of(weights).write("way", STATE)
    assert files_of(weights).read("way") == STATE


@pytest.mark.parametrize("size", [0, 10, 32, 33, 1000])
def test_a_file_cut_short_is_as_no_state(weights: Path, size: int) -> None:
    files_of(weights).write("way", STATE)
    (path,) = kept(weights)
    os.truncate(path, size)
    assert files_of(weights).read("way") is None


def test_the_state_of_one_way_is_not_taken_for_that_of_another(weights: Path) -> None:
    files = files_of(weights)
    files.write("one", STATE)
    (one,) = kept(weights)
    files.write("other", STATE[::-1])
    (other,) = set(kept(weights)) - {one}
    other.write_bytes(one.read_bytes())
    assert files.read("one") == STATE
    assert files.read("other") is None


def test_weights_that_were_changed_have_no_states(weights: Path) -> None:
    before = files_of(weights)
    before.write("way", STATE)
    weights.write_bytes(b"GGUF and less")
    assert files_of(weights).read("way") is None
    # Nor has a process any that found the old ones, and may have loaded the new.
    assert before.read("way") is None
    before.write("another way", STATE)
    assert len(kept(weights)) == 1


def test_a_file_that_was_changed_just_now_may_change_again_unseen(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seaguard_cli.weights.digest._UNSETTLED", 2 * 10**9)
    weights.write_bytes(b"GGUF")
    assert identity_of(weights) is None
    assert identity_of(weights.with_name("none.gguf")) is None


def test_equal_weights_share_their_heads_once_their_digest_is_known(weights: Path) -> None:
    copy = weights.with_name("copy.gguf")
    copy.write_bytes(weights.read_bytes())
    files_of(weights).write("way", STATE)
    assert files_of(copy).read("way") is None
    digest_of(weights)
    digest_of(copy)
    files_of(weights).write("way", STATE)
    assert files_of(copy).read("way") == STATE


def test_the_least_lately_used_make_room(weights: Path) -> None:
    files = files_of(weights)
    for number in range(heads._FILES):
        files.write(f"way {number}", STATE)
        path = max(kept(weights), key=lambda one: one.stat().st_mtime_ns)
        os.utime(path, (1000 + number, 1000 + number))
    assert files.read("way 0") == STATE
    files.write("one more", STATE)
    assert len(kept(weights)) == heads._FILES
    assert files.read("way 0") == STATE
    assert files.read("way 1") is None
    assert files.read("way 2") == STATE


def test_they_never_take_more_than_so_many_bytes(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heads, "_BYTES", 6000)
    files = files_of(weights)
    for number in range(5):
        files.write(f"way {number}", STATE)
        time.sleep(0.01)
    assert [number for number in range(5) if files.read(f"way {number}")] == [3, 4]
    files.write("too large", b"x" * 6000)
    assert files.read("too large") is None
    assert files.read("way 4") == STATE


def old_file(weights: Path, name: str) -> Path:
    """A file beside the states, used before any of them."""
    path = kept(weights)[0].with_name(name)
    path.write_bytes(b"old")
    os.utime(path, (1, 1))
    return path


def test_what_a_killed_process_left_goes_like_the_rest(weights: Path) -> None:
    files = files_of(weights)
    files.write("way", STATE)
    left = old_file(weights, "0123.new")
    for number in range(heads._FILES):
        files.write(f"way {number}", STATE)
    assert not left.exists()


def test_files_of_others_stay(weights: Path) -> None:
    files = files_of(weights)
    files.write("way", STATE)
    other = old_file(weights, "note.txt")
    for number in range(heads._FILES + 2):
        files.write(f"way {number}", STATE)
    assert other.read_bytes() == b"old"
    assert len(kept(weights)) == heads._FILES + 1


def test_a_folder_that_cannot_be_written_is_no_matter(weights: Path) -> None:
    (weights.parent / "state").write_bytes(b"a file is in the way")
    files = files_of(weights)
    files.write("way", STATE)
    assert files.read("way") is None
