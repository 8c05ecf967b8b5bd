"""What the tests of the command line share: runs in this process, and processes of their own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.main import run
from seaguard_cli.engine import FLUSH, Cancellation, EngineOptions, Flush, Outcomes
from seaguard_cli.engine.facts import Situation
from seaguard_cli.errors import DecodeFailed, Failure, FailureCode, Interrupted
from seaguard_cli.prompt import Family, Prompt, VerdictWords
from seaguard_cli.verdict import Score

COMMAND = (sys.executable, "-m", "seaguard_cli")
# One thread: the tests share their processors, and llama.cpp's would wait for one another.
ONE_THREAD = {"SEAGUARD_THREADS": "1"}


@dataclass(frozen=True)
class Ran:
    """What a run came to."""

    status: int
    out: bytes
    err: str

    @property
    def lines(self) -> list[bytes]:
        return self.out.splitlines()

    @property
    def verdicts(self) -> list[Any]:
        return [json.loads(line)["seaguard"] for line in self.lines]

    @property
    def labels(self) -> list[str]:
        """The label of each record, or the code of its error."""
        return [one["error"]["code"] if "error" in one else one["label"] for one in self.verdicts]

    @property
    def told(self) -> list[str]:
        """The lines on standard error."""
        return self.err.splitlines()


class Kept(io.BytesIO):
    """An unbuffered standard output that a test reads afterwards."""


def seaguard(
    *arguments: str,
    stdin: bytes | io.RawIOBase = b"",
    stdout: Any = None,
    terminals: str = "",
    variables: Mapping[str, str] | None = None,
) -> Ran:
    """Run a command in this process; `terminals` names those of in, out and err that are one."""
    out = stdout if stdout is not None else Kept()
    err = io.StringIO()
    status = run(
        Environment(
            arguments=arguments,
            variables=dict(variables or {}),
            stdin=io.BytesIO(stdin) if isinstance(stdin, bytes) else stdin,  # type: ignore[arg-type]
            stdout=out,
            stderr=err,
            stdin_terminal="in" in terminals.split(),
            stdout_terminal="out" in terminals.split(),
            stderr_terminal="err" in terminals.split(),
        )
    )
    written = out.getvalue() if isinstance(out, Kept) else b""
    return Ran(status, written, err.getvalue())


def check(*arguments: str, **more: Any) -> Ran:
    """Run `seaguard check` in this process."""
    return seaguard("check", *arguments, **more)


def process_variables(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of a process: a test's own folders and settings, none of a person's."""
    return {**os.environ, **ONE_THREAD, **(more or {})}


def process(
    *arguments: str | bytes,
    stdin: bytes = b"",
    variables: Mapping[str, str] | None = None,
    **more: Any,
) -> Ran:
    """Run `seaguard` as a process of its own, to its end."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        env=process_variables(variables),
        timeout=120,
        check=False,
        **more,
    )
    return Ran(done.returncode, done.stdout, done.stderr.decode())


@contextmanager
def running(*command: str | Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs beside the test, its three streams piped and not buffered.

    It is killed if it has not ended by itself.
    """
    with subprocess.Popen(
        list(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=process_variables(variables),
        bufsize=0,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def shell(script: str, *arguments: str, variables: Mapping[str, str] | None = None) -> Ran:
    """Run a bash script in which `seaguard` is this one; "$@" are the arguments."""
    quoted = " ".join(f"'{part}'" for part in COMMAND)
    done = subprocess.run(
        ["bash", "-c", f'seaguard() {{ {quoted} "$@"; }}\n{script}', "bash", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=process_variables(variables),
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr.decode())


class FakeEngine:
    """Scores by what stands in a text, at once, in batches of four."""

    loads = 0
    closed = 0

    def __init__(
        self,
        path: Path,
        options: EngineOptions,
        *,
        cancellation: Cancellation,
        families: Mapping[str, Family],
        family: str | None,
        spellings: Iterable[VerdictWords],
        situation: Situation = Situation(),  # noqa: B008  # frozen
        heads: object = None,
    ) -> None:
        self.family = families[family or "qwen"]
        self.words = next(iter(spellings))
        self.device = "CPU, 2 threads"
        self.options = options
        self.window = options.max_window or 2048
        type(self).loads += 1

    def count(self, prompt: Prompt) -> int:
        return len(prompt.turn[prompt.head :].split())

    def score(self, prompts: Iterable[Prompt | Flush]) -> Iterator[Outcomes | Flush]:
        batch: list[Prompt] = []
        for prompt in prompts:
            if not isinstance(prompt, Flush):
                batch.append(prompt)
                if len(batch) < 4:
                    continue
            yield from ([self.judge(one)] for one in batch)
            batch = []
            if isinstance(prompt, Flush):
                yield FLUSH
        yield from ([self.judge(one)] for one in batch)

    def score_alone(self, prompts: Iterable[Prompt | Flush]) -> Iterator[Outcomes | Flush]:
        for prompt in prompts:
            yield prompt if isinstance(prompt, Flush) else [self.judge(prompt)]

    def judge(self, prompt: Prompt) -> Score | Failure:
        text = prompt.turn[prompt.head :]
        match next((word for word in _WORDS if word in text), ""):
            case "engine breaks":
                raise DecodeFailed(status=-3, log="graph_compute failed")
            case "bug":
                raise RuntimeError("two\nlines of \x1b[31mbug")
            case "interrupt":
                raise Interrupted
            case "no memory":
                raise MemoryError
            case "no number":
                problem = "the model's logits are not finite"
                return Failure(FailureCode.ENGINE, {"problem": problem})
            case "too long":
                return Failure(FailureCode.TOO_LONG, {"tokens": 9000, "limit": 4096})
            case "doubtful":
                return Score(0.75, 0.25, exact=True)
            case "bomb":
                return Score(0.9731, 0.99, exact=True)
            case _:
                return Score(0.02, 0.99, exact=True)

    def close(self) -> None:
        type(self).closed += 1


_WORDS = (
    "engine breaks",
    "bug",
    "interrupt",
    "no memory",
    "no number",
    "too long",
    "doubtful",
    "bomb",
)
