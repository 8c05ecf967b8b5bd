"""What settings come to in the end: texts in a second, the first verdict, and peak memory."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from seaguard_cli.bench.texts import texts
from seaguard_cli.guard import Guard
from seaguard_cli.verdict import Item

_STATUS = Path("/proc/self/status")
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)
# Written to clear_refs, it makes the peak of resident memory what is resident now (man 5 proc).
_CLEAR_REFS, _CLEAR_PEAK = Path("/proc/self/clear_refs"), "5"
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class FirstVerdict:
    """A whole process of one text: its seconds, and its peak of resident memory in bytes."""

    seconds: float
    peak: int | None


def texts_per_second(guard: Guard, words: int, seconds: float) -> float:
    """Judge texts of about so many words for so long, and give how many a second.

    The model is loaded before. Raises EngineError and Interrupted.
    """
    guard.check(next(texts(_FEWEST, seed=1)))
    began = time.monotonic()

    def items() -> Iterator[Item]:
        listed = (Item(text) for text in texts(words, seed=2))
        yield from islice(listed, _FEWEST)
        for item in listed:
            if time.monotonic() - began > seconds:
                return
            yield item

    count = sum(1 for _ in guard.stream(items()))
    return count / (time.monotonic() - began)


def first_verdict(
    arguments: Sequence[str], variables: Mapping[str, str] | None = None
) -> FirstVerdict | None:
    """Judge one short text in a process of its own, twice, and give the second; None if it fails.

    `arguments` are options of `check`.
    """
    command = [sys.executable, "-m", "seaguard_cli", "check", *arguments, "-o", "labels"]
    command += ["--no-cache", "--", next(texts(12, seed=3))]
    known = os.environ if variables is None else variables
    own = {name: value for name, value in known.items() if not name.startswith("SEAGUARD_")}
    said: dict[str, object] = {}
    for _ in range(2):
        ran = subprocess.run(
            [sys.executable, "-m", "seaguard_cli.bench.child", *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=own,
            check=False,
        )
        try:
            said = json.loads(ran.stdout)
        except ValueError:
            return None
    if said["status"] != 0:
        return None
    peak = said["peak"]
    return FirstVerdict(float(str(said["seconds"])), peak if isinstance(peak, int) else None)


def forget_peak() -> None:
    """Let the peak of this process's memory begin anew, where the system can."""
    with suppress(OSError):
        _CLEAR_REFS.write_text(_CLEAR_PEAK)


def peak_here() -> int | None:
    """Give the peak of this process's resident memory in bytes, None where nothing tells."""
    with suppress(OSError):
        if found := _PEAK.search(_STATUS.read_text()):
            return int(found[1]) * 1024
    return None
