"""The folder that a conversion works in, and what those that were killed have left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from convert.recipes import RECIPES
from seaguard_cli.errors import ConversionFailed
from seaguard_cli.weights.convert import convert, workplace
from seaguard_cli.weights.convert.workplace import abandoned, remove, sweep

_LLAMA = RECIPES["llama-5"].folder
# Holds a workplace with a file in it until it is killed.
_WORKING = """
import sys, time
from pathlib import Path
from seaguard_cli.weights.convert.workplace import workplace
with workplace(Path(sys.argv[1])) as place:
    (place / "F16.gguf").write_bytes(b"half")
    print(place, flush=True)
    time.sleep(100)
"""


class Working:
    """A process that works in a workplace of its own."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", _WORKING, str(folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.place = Path(self.process.stdout.readline().strip())

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A workplace whose process was killed."""
    working = Working(tmp_path)
    working.kill()
    assert (working.place / "F16.gguf").is_file()
    return working.place


def test_a_workplace_is_gone_with_all_that_is_in_it(tmp_path: Path) -> None:
    with workplace.workplace(tmp_path) as place:
        (place / "F16.gguf").write_bytes(b"half")
    assert list(tmp_path.iterdir()) == []


def test_the_next_conversion_removes_what_a_killed_one_has_left(
    killed: Path, tmp_path: Path
) -> None:
    assert abandoned(tmp_path) == [killed]
    convert(_LLAMA, tmp_path / "made.gguf", quants=["F16"])
    assert [path.name for path in tmp_path.iterdir()] == ["made.gguf"]


def test_what_was_left_behind_does_not_count_as_room_that_is_taken(
    killed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    full = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: full._replace(free=0 if killed.exists() else full.free)
    )
    convert(_LLAMA, tmp_path / "made.gguf", quants=["F16"])


def test_a_conversion_that_is_at_work_is_left_alone(tmp_path: Path) -> None:
    working = Working(tmp_path)
    assert abandoned(tmp_path) == []
    convert(_LLAMA, tmp_path / "made.gguf", quants=["Q8_0"])
    sweep(tmp_path)
    remove(working.place)
    assert (working.place / "F16.gguf").read_bytes() == b"half"
    working.kill()
    assert abandoned(tmp_path) == [working.place]


def test_one_that_was_killed_before_it_began_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".seaguard-convert-empty").mkdir()
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_else_of_that_name_is_touched(tmp_path: Path) -> None:
    of_someone = tmp_path / ".seaguard-convert-mine"
    of_someone.mkdir()
    (of_someone / "thesis.txt").write_text("precious")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / ".seaguard-convert-link").symlink_to(elsewhere)
    (tmp_path / ".seaguard-convert-file").write_text("precious")
    sweep(tmp_path)
    assert (of_someone / "thesis.txt").read_text() == "precious"
    assert elsewhere.is_dir()
    assert (tmp_path / ".seaguard-convert-file").read_text() == "precious"


def test_where_the_file_system_has_no_locks_nobody_counts_as_dead(
    killed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workplace, "try_lock", lambda _: None)
    sweep(tmp_path)
    assert killed.is_dir()
    with workplace.workplace(tmp_path) as place:
        assert place.is_dir()
    assert not place.exists()


def test_a_workplace_that_is_swept_while_it_is_begun_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    real = workplace.tempfile.mkdtemp

    def swept(**how: object) -> str:
        made.append(real(**how))
        if len(made) == 1:
            os.rmdir(made[0])
        return str(made[-1])

    monkeypatch.setattr(workplace.tempfile, "mkdtemp", swept)
    with workplace.workplace(tmp_path) as place:
        assert str(place) == made[1]


def test_a_folder_that_takes_nothing_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(ConversionFailed, match="No such file"),
        workplace.workplace(tmp_path / "gone"),
    ):
        pass
