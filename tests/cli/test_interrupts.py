"""Ctrl-C: status 130, soon, quietly, and what was written is whole; a second one leaves at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from families.variants import Models

from .helpers import COMMAND, process_variables, running

# Enough to end what a busy machine has in hand; without a working Ctrl-C a run would go on.
LONG = 60


def ended(process: subprocess.Popen[bytes]) -> tuple[int, bytes, str]:
    # Its input stays open: nothing but the signal may end it.
    out, err = process.stdout, process.stderr
    assert out
    assert err
    status = process.wait(LONG)
    return status, out.read(), err.read().decode()


def require_quiet(err: str) -> None:
    assert "Traceback" not in err
    assert "Exception" not in err
    assert "error" not in err


def test_in_the_midst_of_a_long_run_what_was_written_is_whole(tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("".join(f"text number {number}\n" for number in range(200_000)))
    command = (*COMMAND, "check", "-m", "tiny", "--settle", "0", "-f", texts)
    with running(*command) as process:
        assert process.stdout
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        status, _, err = ended(process)
    lines = (first + rest).splitlines(keepends=True)
    assert status == 130
    assert all(line.endswith(b"}\n") and json.loads(line) for line in lines)
    assert [json.loads(line)["text"] for line in lines] == [
        f"text number {number}" for number in range(len(lines))
    ]
    assert len(lines) < 200_000
    require_quiet(err)


def test_an_array_is_closed_all_the_same(tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("".join(f"text number {number}\n" for number in range(200_000)))
    with running(*COMMAND, "check", "-m", "tiny", "-o", "json", "-f", texts) as process:
        assert process.stdout
        first = process.stdout.readline() + process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        status, _, err = ended(process)
    assert json.loads(first + rest)[0]["text"] == "text number 0"
    assert status == 130
    require_quiet(err)


def test_while_it_waits_for_a_pipe() -> None:
    with running(*COMMAND, "check", "-m", "tiny") as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"hello\n")
        assert process.stdout.readline().endswith(b"}\n")
        process.send_signal(signal.SIGINT)
        status, out, err = ended(process)
    assert (status, out) == (130, b"")
    require_quiet(err)


def test_at_any_time_from_the_start() -> None:
    # While Python starts it is Python that answers; once our first line runs it is us.
    script = (
        "import sys; sys.argv = ['seaguard', 'check', '-m', 'tiny']\n"
        "import seaguard_cli.__main__ as main\n"
        "begin = main._status\n"
        "def begun(arguments):\n"
        "    print('ready', file=sys.stderr, flush=True)\n"
        "    return begin(arguments)\n"
        "main._status = begun\n"
        "main.run()\n"
    )
    for step in range(8):
        with running(sys.executable, "-c", script) as process:
            assert process.stdin
            assert process.stderr
            assert process.stderr.readline() == b"ready\n"
            process.stdin.write(b"hello\n")
            time.sleep(step * 0.07)
            process.send_signal(signal.SIGINT)
            status, out, err = ended(process)
        assert status == 130, (step, err)
        assert out == b"" or out.endswith(b"}\n")
        require_quiet(err)


PRELUDE = """
import os, signal, sys
sys.argv = ["seaguard", "check", "-m", sys.argv[1], "hello"]
import seaguard_cli.engine.library as library
import llama_cpp.llama_cpp as llama_cpp
from seaguard_cli.__main__ import run
def interrupt(times=1):
    for _ in range(times):
        os.kill(os.getpid(), signal.SIGINT)
"""


def test_while_the_weights_are_loaded(models: Models) -> None:
    script = PRELUDE + (
        "load = llama_cpp.llama_model_load_from_file\n"
        "def slowly(*arguments):\n"
        "    interrupt()\n"
        "    found = load(*arguments)\n"
        "    print('loaded' if found else 'stopped', file=sys.stderr)\n"
        "    return found\n"
        "llama_cpp.llama_model_load_from_file = slowly\n"
        "run()\n"
    )
    with running(sys.executable, "-c", script, models["qwen"]) as process:
        status, out, err = ended(process)
    assert (status, out, err) == (130, b"", "stopped\n")


def test_a_second_one_leaves_at_once_even_out_of_llama_cpp(models: Models) -> None:
    script = PRELUDE + (
        "import time\n"
        "def never_ends(*arguments):\n"
        "    while True:\n"
        "        print('asked', file=sys.stderr, flush=True)\n"
        "        interrupt()\n"
        "        time.sleep(0.5)\n"
        "llama_cpp.llama_decode = never_ends\n"
        "run()\n"
    )
    with running(sys.executable, "-c", script, models["qwen"]) as process:
        status, out, err = ended(process)
    assert (status, out) == (130, b"")
    assert err.count("asked\n") == err.count("\n") == 2


def test_in_the_midst_of_showing_prompts() -> None:
    with running(*COMMAND, "check", "-m", "tiny", "--show-prompt") as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"hello\n")
        assert process.stdout.readline().startswith(b'{"segments"')
        process.send_signal(signal.SIGINT)
        status, _, err = ended(process)
    assert status == 130
    require_quiet(err)


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no process groups here")
def test_a_whole_pipeline_stops() -> None:
    quoted = " ".join(COMMAND)
    script = f"yes | {quoted} check -m tiny -o labels | cat; echo ${{PIPESTATUS[1]}} >&2"
    with subprocess.Popen(
        ["bash", "-c", f"trap : INT; {script}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=process_variables(),
        start_new_session=True,
    ) as shell:
        assert shell.stdout
        assert shell.stderr
        assert shell.stdout.readline() in (b"safe\n", b"unsafe\n")
        os.killpg(shell.pid, signal.SIGINT)
        shell.stdout.read()
        err = shell.stderr.read().decode()
    # Either is right: its reader dies of the same signal, and may do so first.
    assert err.splitlines()[-1] in ("130", "141")
    assert "Traceback" not in err
