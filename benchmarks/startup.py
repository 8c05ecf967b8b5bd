"""How long seaguard takes to start, as ratios to a bare interpreter, against the budgets.

Each command runs in turn with the others, again and again; the fastest run of each counts, since
noise only ever adds. Prints a table and ends with status 1 when a budget is broken.

    python benchmarks/startup.py [ROUNDS]
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

_SEAGUARD = str(Path(sys.executable).with_name("seaguard"))
_TAB = {
    "_SEAGUARD_COMPLETE": "complete_bash",
    "COMP_WORDS": "seaguard check --th",
    "COMP_CWORD": "2",
}
# Budgets in times a bare `python -c pass`.
_COMMANDS: Mapping[str, tuple[list[str], dict[str, str], float | None]] = {
    "python -c pass": ([sys.executable, "-c", "pass"], {}, None),
    "seaguard --version": ([_SEAGUARD, "--version"], {}, 5),
    "one TAB": ([_SEAGUARD], _TAB, 9),
    "seaguard check --help": ([_SEAGUARD, "check", "--help"], {}, 15),
}


def main(rounds: int) -> int:
    best = dict.fromkeys(_COMMANDS, float("inf"))
    for _ in range(rounds):
        for name, (command, extra, _budget) in _COMMANDS.items():
            started = time.perf_counter()
            subprocess.run(command, env={**os.environ, **extra}, stdout=subprocess.DEVNULL)
            best[name] = min(best[name], time.perf_counter() - started)
    bare, broken = best["python -c pass"], 0
    for name, (_command, _extra, budget) in _COMMANDS.items():
        ratio = best[name] / bare
        within = budget is None or ratio <= budget
        broken += not within
        told = "" if budget is None else f"  budget {budget:g}  {'ok' if within else 'BROKEN'}"
        print(f"{name:24} {best[name] * 1000:6.0f} ms  {ratio:5.1f} x{told}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
