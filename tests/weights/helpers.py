"""What the tests of weights share: runs of the command line, and repos to pull from."""

from __future__ import annotations

import io
import json
import os
import random
from dataclasses import dataclass
from typing import Any

from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.main import run

from .loopback import FakeRepo, Hub

REPO = "someone/Qwen-SEA-Guard-4B-GGUF"
OFFICIAL = "aisingapore/Qwen-SEA-Guard-4B-040226"
NAME = "Qwen-SEA-Guard-4B.Q4_K_M.gguf"
TARGET = "qwen-sea-guard-4b-Q4_K_M.gguf"
# Not a model that could be opened: most of these tests are about its bytes.
DATA = b"GGUF" + random.Random(0).randbytes(3 * 2**20)


@dataclass(frozen=True)
class Ran:
    """What a run came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def seaguard(*arguments: str, terminals: str = "", answers: str = "") -> Ran:
    """Run a command in this process; `terminals` names those of in, out and err that are one."""
    out, err = io.BytesIO(), io.StringIO()
    status = run(
        Environment(
            arguments=arguments,
            variables=os.environ,
            stdin=io.BytesIO(answers.encode()),
            stdout=out,
            stderr=err,
            stdin_terminal="in" in terminals,
            stdout_terminal="out" in terminals,
            stderr_terminal="err" in terminals,
        )
    )
    return Ran(status, out.getvalue().decode(), err.getvalue())


def pull(*arguments: str, **how: str) -> Ran:
    """Pull the 4B model from the repo of `offer`, without trying the bytes as a model."""
    given = arguments if "--source" in arguments else ("--source", REPO, *arguments)
    return seaguard("pull", "qwen-4b", "--no-canaries", *given, **how)


def offer(hub: Hub, data: bytes = DATA, **about: Any) -> FakeRepo:
    """Put a repo with one GGUF on the Hub."""
    tags = ["gguf", f"base_model:quantized:{OFFICIAL}", "license:apache-2.0"]
    repo = FakeRepo(**{"files": {NAME: data}, "tags": tags, "downloads": 1234, **about})
    hub.repos[REPO] = repo
    return repo
