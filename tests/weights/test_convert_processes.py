"""Conversions in processes of their own: killed in the middle, and several at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from convert.sound import write_guard

from seaguard_cli.weights import Store, checkpoints
from seaguard_cli.weights.convert import abandoned

from .loopback import COMMIT, FakeRepo, Hub
from .test_processes import MB, Gate, run, start, wait_for, wait_to_hear

GUARD = "owner/Guard-4B"
SHARD = "model-00001-of-00002.safetensors"
# What the quantiser writes, before it gets its name.
HALF = "Q4_K_M.gguf"
# The real command line, with a quantiser that works until it is stopped.
_ENDLESS = """
import sys
from pathlib import Path
from seaguard_cli.weights.convert import quantiser
quantiser._WORKER = Path(sys.argv.pop(1))
from seaguard_cli.__main__ import run
run()
"""
_WORKER = """
import sys
open(sys.argv[2], "wb").close()
sys.stdin.read()
"""


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def guard(hub: Hub, tmp_path: Path) -> FakeRepo:
    folder = write_guard(tmp_path / "guard")
    hub.repos[GUARD] = FakeRepo({path.name: path.read_bytes() for path in folder.iterdir()})
    return hub.repos[GUARD]


def arguments(out: Path, *more: str) -> tuple[str, ...]:
    return ("convert", GUARD, "-o", str(out), "--no-canaries", *more)


def endless(tmp_path: Path, *command: str) -> subprocess.Popen[str]:
    """Start a conversion that is quantising until it is killed."""
    worker = tmp_path / "worker.py"
    worker.write_text(_WORKER)
    return start(sys.executable, "-c", _ENDLESS, str(worker), *command)


def test_a_conversion_that_is_killed_while_it_fetches_goes_on_where_it_stopped(
    hub: Hub, guard: FakeRepo, store: Store, out: Path
) -> None:
    hub.pace = gate = Gate(2 * MB)
    part = checkpoints.place_of(store, GUARD, COMMIT) / f"{SHARD}.part"
    process = start(sys.executable, "-m", "seaguard_cli", *arguments(out))
    wait_for(lambda: part.exists() and part.stat().st_size >= 2 * MB)
    process.kill()
    process.communicate()
    kept, before = part.stat().st_size, len(hub.to("storage"))
    gate.open()
    done = run(*arguments(out))
    assert done.returncode == 0, done.stderr
    assert hub.to("storage")[before].headers["range"] == f"bytes={kept}-"
    assert "of it here already" in done.stderr
    assert [path.name for path in out.iterdir()] == ["Guard-4B-Q4_K_M.gguf"]
    assert not checkpoints.folder_of(store, GUARD).exists()


def test_a_conversion_that_is_killed_while_it_quantises_is_done_by_the_next(
    hub: Hub, guard: FakeRepo, store: Store, out: Path, tmp_path: Path
) -> None:
    process = endless(tmp_path, *arguments(out))
    wait_for(lambda: list(out.rglob(HALF)))
    assert abandoned(out) == []
    process.kill()
    process.communicate()
    assert len(abandoned(out)) == 1
    assert checkpoints.find(store, GUARD) is not None
    before = len(hub.to("storage"))
    done = run(*arguments(out))
    assert done.returncode == 0, done.stderr
    assert len(hub.to("storage")) == before
    assert [path.name for path in out.iterdir()] == ["Guard-4B-Q4_K_M.gguf"]
    assert not checkpoints.folder_of(store, GUARD).exists()


def test_what_a_killed_conversion_fetched_is_enough_without_the_network(
    hub: Hub, guard: FakeRepo, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = endless(tmp_path, *arguments(out))
    wait_for(lambda: list(out.rglob(HALF)))
    process.kill()
    process.communicate()
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    done = run(*arguments(out, "--offline"))
    assert done.returncode == 0, done.stderr
    assert [path.name for path in out.iterdir()] == ["Guard-4B-Q4_K_M.gguf"]


def test_a_conversion_at_work_is_not_harmed_by_another_beside_it(
    hub: Hub, guard: FakeRepo, out: Path, tmp_path: Path
) -> None:
    process = endless(tmp_path, *arguments(out))
    wait_for(lambda: list(out.rglob(HALF)))
    (half,) = out.rglob("F32.gguf")
    size = half.stat().st_size
    beside = run("convert", str(tmp_path / "guard"), "-o", str(out), "--no-canaries")
    assert beside.returncode == 0, beside.stderr
    assert (out / "guard-Q4_K_M.gguf").is_file()
    assert half.stat().st_size == size
    process.kill()
    process.communicate()


def test_two_conversions_of_a_repo_take_turns(hub: Hub, guard: FakeRepo, out: Path) -> None:
    hub.pace = gate = Gate(MB)
    command = (sys.executable, "-m", "seaguard_cli")
    first = start(*command, *arguments(out))
    wait_for(lambda: hub.to("storage"))
    second = start(*command, *arguments(out, "--quant", "Q8_0"))
    wait_to_hear(second, f"another seaguard is at work on {GUARD}: waiting for it")
    gate.open()
    told = [process.communicate() for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), told
    names = sorted(path.name for path in out.iterdir())
    assert names == ["Guard-4B-Q4_K_M.gguf", "Guard-4B-Q8_0.gguf"]


def test_what_is_being_fetched_is_not_removed(
    hub: Hub, guard: FakeRepo, store: Store, out: Path
) -> None:
    hub.pace = gate = Gate(MB)
    process = start(sys.executable, "-m", "seaguard_cli", *arguments(out))
    wait_for(lambda: hub.to("storage"))
    refused = run("rm", GUARD, "--yes")
    assert refused.returncode == 4
    assert f"{GUARD}: another seaguard is at work on it" in refused.stderr
    gate.open()
    _, told = process.communicate()
    assert process.returncode == 0, told


@pytest.mark.parametrize("while_it", ["fetches", "quantises"])
def test_an_interrupt_says_that_what_was_fetched_is_kept(
    hub: Hub, guard: FakeRepo, store: Store, out: Path, tmp_path: Path, while_it: str
) -> None:
    if while_it == "fetches":
        hub.pace = gate = Gate(MB)
    process = endless(tmp_path, *arguments(out))
    part = checkpoints.place_of(store, GUARD, COMMIT) / f"{SHARD}.part"
    if while_it == "fetches":
        wait_for(lambda: part.exists() and part.stat().st_size >= MB)
    else:
        wait_for(lambda: list(out.rglob(HALF)))
    process.send_signal(2)
    _, told = process.communicate()
    if while_it == "fetches":
        gate.open()
    assert process.returncode == 130, told
    assert "Traceback" not in told
    assert "what was fetched is kept" in told
    assert list(out.iterdir()) == []
    assert checkpoints.folder_of(store, GUARD).is_dir()


def test_rm_of_a_model_removes_what_a_killed_build_has_left(
    hub: Hub, guard: FakeRepo, store: Store, home: Path, tmp_path: Path
) -> None:
    folder = home / "config" / "seaguard"
    folder.mkdir(parents=True)
    (folder / "models.toml").write_text(
        f'[models.small]\nfamily = "qwen"\nlicence = "MIT"\nofficial = ["{GUARD}"]\n'
    )
    process = endless(tmp_path, "pull", "small", "--build", "--no-canaries")
    wait_for(lambda: list(store.folder.rglob(HALF)))
    process.kill()
    process.communicate()
    plan = run("rm", "small", "--dry-run")
    assert f"would remove {GUARD} (safetensors)" in plan.stderr
    assert "(left by a conversion that was killed)" in plan.stderr
    done = run("rm", "small", "--yes")
    assert done.returncode == 0, done.stderr
    assert [path for path in store.folder.rglob("*") if path.is_file()] == list(
        (store.folder / ".locks").iterdir()
    )
