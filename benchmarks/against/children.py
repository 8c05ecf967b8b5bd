"""Processes that are timed from outside, with the most memory that they had resident."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seaguard_cli.engine.library import SPARING

_BESIDE = Path(__file__).parent.parent
_ROOT = _BESIDE.parent
_UNITS = 1024 if sys.platform != "darwin" else 1


@dataclass(frozen=True)
class Ended:
    """What a process said last, its whole time in seconds, and its peak of resident bytes."""

    said: Any
    seconds: float
    peak: int


def module(name: str, *arguments: str) -> list[str]:
    """Give the command that runs a module of this folder."""
    return [sys.executable, "-m", f"against.{name}", *arguments]


def environment() -> dict[str, str]:
    """Give the same surroundings to all: threads that wait soon stop spinning, as seaguard has it.

    By default they go on, which makes llama.cpp many times slower where anything else runs, too.
    """
    paths = [str(_BESIDE), str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, **SPARING, "PYTHONPATH": os.pathsep.join(paths)}


def run(command: Sequence[str], asked: object = None) -> Ended:
    """Run a command to its end; the last line that it prints is JSON. Raises RuntimeError."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with tempfile.TemporaryFile() as given:
            given.write(json.dumps(asked).encode())
            given.seek(0)
            began = time.perf_counter()
            process = subprocess.Popen(
                command, stdin=given, stdout=out, stderr=err, env=environment()
            )
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        lines = out.read().splitlines()
        if process.returncode or not lines:
            err.seek(0)
            told = err.read()[-3000:].decode("utf-8", "replace")
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{told}")
        return Ended(json.loads(lines[-1]), seconds, usage.ru_maxrss * _UNITS)
