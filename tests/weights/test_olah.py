"""Through a mirror that others wrote: olah, from PyPI, between seaguard and the loopback Hub.

pip install olah, into an environment of its own
SEAGUARD_TEST_OLAH=.../bin/olah-cli python -m pytest tests/weights/test_olah.py
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from convert.sound import write_guard

from seaguard_cli.weights import Store, checkpoints

from .helpers import DATA, OFFICIAL, REPO, TARGET, offer
from .loopback import COMMIT, FakeRepo, Hub
from .test_processes import MB, Gate, run, start, wait_for

# Taken before the tests' own home drops what is set.
_OLAH = os.environ.get("SEAGUARD_TEST_OLAH")
pytestmark = pytest.mark.skipif(not _OLAH, reason="SEAGUARD_TEST_OLAH names no olah-cli")


@pytest.fixture
def mirrored(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The loopback Hub, which seaguard reaches through olah alone."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mirror = f"127.0.0.1:{port}"
    options = {
        "host": "127.0.0.1",
        "port": str(port),
        "hf-scheme": "http",
        "hf-netloc": hub.endpoint.removeprefix("http://"),
        "hf-lfs-netloc": hub.storage.removeprefix("http://"),
        "mirror-scheme": "http",
        "mirror-netloc": mirror,
        "mirror-lfs-netloc": mirror,
        "repos-path": str(tmp_path / "olah"),
        "log-path": str(tmp_path / "olah-logs"),
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen([str(_OLAH), *words], stdout=quiet, stderr=quiet) as process:
        try:
            wait_for(lambda: _answers(port), seconds=60)
            monkeypatch.setenv("HF_ENDPOINT", f"http://{mirror}")
            yield hub
        finally:
            process.kill()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        time.sleep(0.1)
        return False
    return True


def test_a_gguf_is_pulled(mirrored: Hub, store: Store) -> None:
    offer(mirrored)
    done = run("pull", "qwen-4b", "--source", REPO, "--no-canaries")
    assert done.returncode == 0, done.stderr
    assert (store.folder / TARGET).read_bytes() == DATA


def test_a_pull_that_is_killed_goes_on(mirrored: Hub, store: Store) -> None:
    # olah hands on whole blocks of 8 MB.
    data = DATA * 10
    offer(mirrored, data)
    mirrored.pace = gate = Gate(20 * MB)
    command = ("pull", "qwen-4b", "--source", REPO, "--no-canaries")
    part = store.folder / f"{TARGET}.part"
    process = start(sys.executable, "-m", "seaguard_cli", *command)
    wait_for(lambda: part.exists() and part.stat().st_size >= 8 * MB)
    process.kill()
    process.communicate()
    kept = part.stat().st_size
    gate.open()
    done = run(*command)
    assert done.returncode == 0, done.stderr
    assert 0 < kept < len(data)
    assert (store.folder / TARGET).read_bytes() == data


def test_a_checkpoint_is_converted_under_the_old_name_of_its_repo(
    mirrored: Hub, store: Store, tmp_path: Path
) -> None:
    folder = write_guard(tmp_path / "guard")
    new = OFFICIAL.replace("040226", "2602")
    mirrored.repos[new] = FakeRepo({path.name: path.read_bytes() for path in folder.iterdir()})
    mirrored.repos[OFFICIAL] = FakeRepo({}, moved_to=new)
    path = tmp_path / "made.gguf"
    done = run("convert", OFFICIAL, "-o", str(path), "--quant", "Q8_0")
    assert done.returncode == 0, done.stderr
    assert f"of {new} at {COMMIT[:12]}" in done.stderr
    assert "its canaries pass" in done.stderr
    assert not checkpoints.folder_of(store, new).exists()


def test_a_missing_repo_is_told(mirrored: Hub) -> None:
    done = run("pull", "qwen-4b", "--source", "owner/nothing")
    assert done.returncode == 4
    assert "owner/nothing: no such repo on the Hub, or a private one" in done.stderr
