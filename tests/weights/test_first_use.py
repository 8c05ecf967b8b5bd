"""The question "download now?" on a real terminal, which alone can answer it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from seaguard_cli.cli.sizes import size_words
from seaguard_cli.weights import Store, load_catalogue

from .helpers import NAME, REPO, TARGET, offer
from .loopback import Hub

TINY = load_catalogue().models["tiny"].embedded
SIZE = size_words(TINY.stat().st_size) if TINY else ""
COMMAND = (sys.executable, "-m", "seaguard_cli", "check", "-m", "small", "How do I bake bread?")
MODEL = (
    '[models.small]\nfamily = "qwen"\nlicence = "MIT"\nlicence_link = "https://licence"\n'
    f'[[models.small.sources]]\nrepo = "{REPO}"\nfile = "{NAME.replace("Q4_K_M", "{quant}")}"\n'
)


@pytest.fixture
def small(hub: Hub, store: Store) -> Hub:
    """A Hub with a model that can be fetched and judges."""
    assert TINY is not None
    folder = store.folder.parents[2] / "config" / "seaguard"
    folder.mkdir(parents=True)
    (folder / "models.toml").write_text(MODEL)
    offer(hub, TINY.read_bytes())
    return hub


def at_terminal(
    *answers: str, command: tuple[str, ...] = COMMAND, stderr: int | None = None
) -> tuple[int, str, str]:
    """Run with a terminal for input and error; give the status, what it showed, and the output."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        command,
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=stderr or slave,
        start_new_session=True,
    ) as process:
        os.close(slave)
        shown, left = b"", list(answers)
        while piece := _read(master):
            shown += piece
            if left and shown.rstrip().endswith((b"[y/N]", b"to leave)?")):
                os.write(master, f"{left.pop(0)}\n".encode())
        os.close(master)
        out = process.stdout.read() if process.stdout else b""
    return process.returncode, shown.decode().replace("\r\n", "\n"), out.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def test_a_yes_and_a_pick_lead_to_the_verdict(small: Hub, store: Store) -> None:
    status, shown, out = at_terminal("y", "1")
    assert status == 0, shown
    assert "small:Q4_K_M is not on this machine, licence MIT: download now? [y/N] y\n" in shown
    assert f"1  {REPO}: by someone; 1,234 downloads; Q4_K_M {SIZE}; known to seaguard\n" in shown
    assert shown.count("its licence: MIT, https://licence") == 1
    assert '"label"' in out
    assert (store.folder / TARGET.replace("qwen-sea-guard-4b", "small")).is_file()


@pytest.mark.parametrize("answer", ["n", "", "yess"])
def test_anything_but_a_yes_leaves_with_the_command_to_run(
    small: Hub, store: Store, answer: str
) -> None:
    status, shown, out = at_terminal(answer)
    assert (status, out) == (4, "")
    assert "get them with `seaguard pull small:Q4_K_M`" in shown
    assert small.asked == []
    assert store.all() == []


def test_offline_no_one_is_asked(small: Hub) -> None:
    status, shown, _ = at_terminal(command=(*COMMAND, "--offline"))
    assert status == 4
    assert "download now?" not in shown
    assert small.asked == []


def test_without_a_terminal_for_errors_no_one_is_asked(small: Hub) -> None:
    status, shown, _ = at_terminal(stderr=subprocess.DEVNULL)
    assert (status, shown) == (4, "")
    assert small.asked == []
