"""Processes of their own: killed in the middle, two at once, and the network gone afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from seaguard_cli.weights import Store, load_catalogue

from .helpers import DATA, REPO, TARGET, offer
from .loopback import Hub, running

MB = 2**20
COMMAND = (sys.executable, "-m", "seaguard_cli")
PULL = (*COMMAND, "pull", "qwen-4b", "--source", REPO, "--no-canaries")
TINY = load_catalogue().models["tiny"].embedded
HEAVY = ("huggingface_hub", "httpx2", "rich", "gguf")


def start(*command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(condition: object, seconds: float = 20) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def wait_to_hear(process: subprocess.Popen[str], text: str) -> str:
    """Give what a process has told on standard error up to the line with `text`."""
    heard = ""
    assert process.stderr is not None
    while text not in heard:
        line = process.stderr.readline()
        assert line, heard
        heard += line
    return heard


class Gate:
    """Holds the storage up after so many bytes until it is opened."""

    def __init__(self, after: int) -> None:
        self._after = after
        self._open = threading.Event()

    def __call__(self, sent: int) -> None:
        if sent > self._after:
            self._open.wait(30)

    def open(self) -> None:
        self._open.set()


def test_a_killed_process_leaves_a_part_and_the_next_one_goes_on(hub: Hub, store: Store) -> None:
    offer(hub)
    hub.pace = gate = Gate(2 * MB)
    part = store.folder / f"{TARGET}.part"
    process = start(*PULL)
    wait_for(lambda: part.exists() and part.stat().st_size >= 2 * MB)
    process.kill()
    process.communicate()
    assert process.returncode == -9
    kept = part.stat().st_size
    assert store.all() == []
    assert not (store.folder / TARGET).exists()
    gate.open()
    done = subprocess.run(PULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (store.folder / TARGET).read_bytes() == DATA
    assert hub.to("storage")[-1].headers["range"] == f"bytes={kept}-"
    assert not part.exists()


def test_two_pulls_at_once_fetch_it_once(hub: Hub, store: Store) -> None:
    offer(hub)
    hub.pace = gate = Gate(MB)
    first = start(*PULL)
    wait_for(lambda: hub.to("storage"))
    second = start(*PULL)
    wait_to_hear(second, "another seaguard is at work on qwen-sea-guard-4b:Q4_K_M: waiting")
    gate.open()
    out = [process.communicate() for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), out
    assert "is here already" in out[1][1]
    assert len(hub.to("storage")) == 1
    assert (store.folder / TARGET).read_bytes() == DATA


def test_the_second_pull_goes_on_when_the_first_is_killed(hub: Hub, store: Store) -> None:
    offer(hub)
    hub.pace = gate = Gate(MB)
    first = start(*PULL)
    wait_for(lambda: hub.to("storage"))
    second = start(*PULL)
    wait_to_hear(second, "waiting for it")
    first.kill()
    first.communicate()
    gate.open()
    _, told = second.communicate()
    assert second.returncode == 0, told
    assert (store.folder / TARGET).read_bytes() == DATA


def test_an_interrupt_keeps_what_has_come(hub: Hub, store: Store) -> None:
    offer(hub)
    hub.pace = gate = Gate(MB)
    part = store.folder / f"{TARGET}.part"
    process = start(*PULL)
    wait_for(lambda: part.exists() and part.stat().st_size >= MB)
    process.send_signal(2)
    _, told = process.communicate()
    gate.open()
    assert process.returncode == 130
    assert "Traceback" not in told
    assert "what was fetched is kept" in told
    assert part.stat().st_size >= MB
    assert store.all() == []


@pytest.mark.skipif(TINY is None or not TINY.is_file(), reason="tiny is not built")
def test_with_the_network_gone_everything_else_works(
    home: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert TINY is not None
    folder = home / "config" / "seaguard"
    folder.mkdir(parents=True)
    (folder / "models.toml").write_text(
        '[models.small]\nfamily = "qwen"\nlicence = "MIT"\ndefault_quant = "Q8_0"\n'
        f'[[models.small.sources]]\nrepo = "{REPO}"\nfile = "g.{{quant}}.gguf"\n'
    )
    with running() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        offer(hub, files={"g.Q8_0.gguf": TINY.read_bytes()})
        pulled = run("pull", "small", "--source", REPO)
        assert pulled.returncode == 0, pulled.stderr
    judged = run("check", "-m", "small", "How do I bake bread?")
    assert judged.returncode == 0, judged.stderr
    assert json.loads(judged.stdout)["seaguard"]["model"] == "small:Q8_0"
    assert "small:Q8_0\tyes" in run("models").stdout
    verified = run("verify")
    assert verified.returncode == 0, verified.stdout
    again = run("pull", "small")
    assert again.returncode == 0
    assert "is here already" in again.stderr
    other = run("pull", "small:Q4_0")
    assert other.returncode == 4
    assert "no answer, connection refused" in other.stderr


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SEAGUARD_THREADS": "1"}
    return subprocess.run((*COMMAND, *arguments), capture_output=True, text=True, env=environment)


@pytest.mark.parametrize(
    "code",
    [
        "import seaguard_cli.cli.app",
        "import seaguard_cli.weights",
        "from seaguard_cli.weights import load_catalogue, locate; locate('tiny', load_catalogue())",
    ],
)
def test_nothing_of_the_network_is_imported_before_it_is_needed(code: str) -> None:
    if "tiny" in code and (TINY is None or not TINY.is_file()):
        pytest.skip("tiny is not built")
    code = f"import sys; {code}; print([one for one in {HEAVY} if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(TINY is None or not TINY.is_file(), reason="tiny is not built")
def test_check_with_local_weights_imports_nothing_of_the_network() -> None:
    code = (
        "import sys; from seaguard_cli.cli.main import run; "
        "from seaguard_cli.cli.environment import process_environment as e; "
        "status = run(e(['check', '-m', 'tiny', 'x'])); "
        f"print(status, [one for one in {HEAVY} if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"
