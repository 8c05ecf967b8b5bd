"""How fast and in how much memory records pass through everything but the model.

Reads generated JSON Lines from a file, with an engine that answers at once in llama.cpp's place:
reader, equal items, guard, writer. Prints records for each second of one processor's time at each
size (what else the machine does hardly counts), and the peak of resident memory. Ends with status
1 below 50,000 records/s, or when memory grows by more than 5 % from the first size to the last.

    python benchmarks/streams.py [RECORDS...]
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from seaguard_cli.engine import FLUSH, Cancellation, EngineOptions, Flush, llamacpp
from seaguard_cli.prompt import Family, Prompt, VerdictWords
from seaguard_cli.verdict import Score

_SIZES = (10_000, 100_000, 1_000_000)
_LEAST_RATE, _MOST_GROWTH = 50_000, 1.05
_MEGABYTE = 1024
# The fastest run of each size counts: noise only ever adds.
_ROUNDS = 3


class Instant:
    """Answers at once, in batches of 64 as the real engine packs short texts."""

    def __init__(
        self,
        path: Path,
        options: EngineOptions,
        *,
        cancellation: Cancellation,
        families: Mapping[str, Family],
        family: str | None,
        spellings: Sequence[VerdictWords],
        **_: object,
    ) -> None:
        self.family = families["qwen"]
        self.words = spellings[0]
        self.device = "nothing at all"
        self.window = options.max_window or 2048

    def count(self, prompt: Prompt) -> int:
        return len(prompt.turn) // 4

    def score(self, prompts: Iterable[Prompt | Flush]) -> Iterator[list[Score] | Flush]:
        waiting = 0
        for prompt in prompts:
            if not isinstance(prompt, Flush) and waiting < 63:
                waiting += 1
                continue
            waiting += not isinstance(prompt, Flush)
            yield [_SCORE] * waiting
            waiting = 0
            if isinstance(prompt, Flush):
                yield FLUSH
        yield [_SCORE] * waiting

    score_alone = score

    def close(self) -> None:
        pass


_SCORE = Score(0.02, 0.99, exact=True)


def write_records(path: Path, count: int) -> None:
    """Write so many records, no two of them equal."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            file.write(
                f'{{"id": {number}, "text": "record {number}: สวัสดี, how do I bake a cake?"}}\n'
            )


def run_once(path: str) -> None:
    """Check one file in this process; print the processor's seconds and the peak of memory, KiB."""
    from seaguard_cli.cli.environment import process_environment
    from seaguard_cli.cli.main import run

    llamacpp.LlamaEngine = Instant  # type: ignore[assignment,misc]
    began = time.process_time()
    status = run(process_environment(["check", "-m", "tiny", "--debug", "-f", path]))
    seconds = time.process_time() - began
    assert status == 0, status
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(seconds, peak, file=sys.stderr)


def once(path: Path) -> tuple[float, int]:
    """Check a file in a process of its own on one core; the seconds, and the peak in KiB."""
    one_core = {min(os.sched_getaffinity(0))} if hasattr(os, "sched_getaffinity") else None
    ran = subprocess.run(
        [sys.executable, __file__, "--once", str(path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
        preexec_fn=one_core and (lambda cores=one_core: os.sched_setaffinity(0, cores)),
    )
    seconds, peak = ran.stderr.splitlines()[-1].split()
    return float(seconds), int(peak)


def main(sizes: Iterable[int]) -> int:
    rates, peaks = [], []
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            path = Path(folder, "records.jsonl")
            write_records(path, size)
            runs = [once(path) for _ in range(_ROUNDS)]
            seconds, peak = min(runs)[0], max(peak for _, peak in runs)
            rates.append(size / seconds)
            peaks.append(peak)
            print(f"{size:9,} records  {rates[-1]:8,.0f} /s  {peaks[-1] / _MEGABYTE:6.1f} MB peak")
    growth = peaks[-1] / peaks[0]
    fast, flat = max(rates) >= _LEAST_RATE, growth <= _MOST_GROWTH
    print(f"memory grows by {growth - 1:.1%}: {'ok' if flat else 'BROKEN'}")
    print(f"at least {_LEAST_RATE:,} records/s: {'ok' if fast else 'BROKEN'}")
    return 0 if fast and flat else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--once"]:
        run_once(sys.argv[2])
    else:
        sys.exit(main([int(size) for size in sys.argv[1:]] or _SIZES))
