"""What is loaded, and what is not: a start costs what it uses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import seaguard_cli
from seaguard_cli.exits import Exit

from .helpers import Ran, process_variables

HEAVY = ("llama_cpp", "numpy", "huggingface_hub", "rich", "orjson", "pydantic", "diskcache")


def started(*arguments: str, stdin: bytes = b"", **variables: str) -> tuple[Ran, set[str]]:
    """Run `seaguard` in a Python of its own; give what it loaded, too."""
    script = (
        "import sys\n"
        "from seaguard_cli.__main__ import run\n"
        "try:\n"
        "    run()\n"
        "finally:\n"
        "    print(*sys.modules, file=sys.__stderr__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        input=stdin,
        capture_output=True,
        env=process_variables(variables),
        timeout=60,
        check=False,
    )
    *told, modules = done.stderr.decode().splitlines()
    loaded = {name.partition(".")[0] for name in modules.split()}
    return Ran(done.returncode, done.stdout, "\n".join(told)), loaded


def test_the_version_loads_nothing_heavy() -> None:
    ran, loaded = started("--version")
    assert (ran.out, ran.status) == (f"seaguard {seaguard_cli.__version__}\n".encode(), 0)
    assert not loaded & {*HEAVY, "typer"}


@pytest.mark.parametrize(
    ("words", "answers"),
    [
        ("seaguard ", {"check"}),
        ("seaguard check --thre", {"--threads", "--threshold"}),
        ("seaguard check -o ", {"text", "jsonl", "json", "csv", "labels"}),
        ("seaguard check --only u", {"unsafe"}),
    ],
)
def test_tab_answers_and_loads_nothing_heavy(words: str, answers: set[str]) -> None:
    ran, loaded = started(
        _SEAGUARD_COMPLETE="complete_bash",
        COMP_WORDS=words,
        COMP_CWORD=str(len(words.split(" ")) - 1),
    )
    found = set(ran.out.decode().split())
    assert answers <= found
    assert ran.status == 0
    assert not loaded & set(HEAVY)


def test_a_pipe_of_records_loads_neither_rich_nor_the_hub() -> None:
    ran, loaded = started("check", "-m", "tiny", stdin=b'{"text": "hello"}\n')
    assert ran.labels == ["safe"]
    assert not loaded & {"rich", "huggingface_hub", "pydantic", "httpx2", "httpx"}


def test_wrong_usage_loads_no_model_library() -> None:
    ran, loaded = started("check", "-f", "missing.txt")
    assert ran.status == Exit.USAGE
    assert not loaded & {"llama_cpp", "numpy", "huggingface_hub"}


def test_the_version_among_other_options() -> None:
    ran, _ = started("--version", "--help")
    assert ran.status == 0
    assert ran.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_scripts_are_those_that_the_command_prints(shell: str) -> None:
    kept = Path(__file__).parents[2] / "completions" / f"seaguard.{shell}"
    ran, _ = started(_SEAGUARD_COMPLETE=f"source_{shell}")
    assert kept.read_bytes() == ran.out.lstrip(b"\n")
