"""A GGUF in fewer bits, by llama.cpp's own quantiser, in a process that can be stopped."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from seaguard_cli.errors import QuantiserFailed
from seaguard_cli.weights.convert.quants import file_type
from seaguard_cli.weights.convert.results import Progress, Step

_WORKER = Path(__file__).with_name("worker.py")
# llama.cpp takes 8 GiB by default.
_MOST_BYTES = 256 * 2**20
_PREFIX = re.compile(r"^\w+: (?:failed to quantize: )?")


def quantise(source: Path, target: Path, quant: str, progress: Progress, threads: int) -> None:
    """Write `source`, a GGUF of floating-point numbers, to `target` as `quant`.

    `threads` is how many threads work, 0 for all. Raises QuantiserFailed, with nothing kept.
    """
    numbers = [file_type(quant), threads, _MOST_BYTES]
    # -P: the worker's own folder must not stand in for modules of that name elsewhere.
    command: list[str | Path] = [sys.executable, "-P", _WORKER, source, target]
    command += map(str, numbers)
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    ) as worker:
        try:
            for line in worker.stdout or ():
                number, total = map(int, line.split())
                progress(Step(quant, "quantising", number, total))
            said = worker.stderr.read() if worker.stderr else ""
        except BaseException:
            worker.kill()
            raise
    if worker.returncode:
        target.unlink(missing_ok=True)
        raise QuantiserFailed(quant=quant, reason=_reason(worker.returncode, said))


def _reason(status: int, said: str) -> str:
    if status < 0:
        return f"it was ended by signal {-status}"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return _PREFIX.sub("", lines[-1]) if lines else f"it ended with status {status}"
