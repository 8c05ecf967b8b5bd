"""What a way is asked to do, and what it answers: JSON between processes."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Job:
    """One stream. `turns` are the texts with the instruction around them, as a chat is sent them.

    `before` and `after` are the wrapper of the model's family, `ctx` is enough for the longest
    prompt, and `settle` is seaguard's own, None being its default.
    """

    model: str
    texts: list[str]
    turns: list[str]
    before: str
    after: str
    words: tuple[str, str]
    ctx: int
    settle: float | None = None

    @property
    def grammar(self) -> str:
        return f"root ::= {json.dumps(self.words[0])} | {json.dumps(self.words[1])}"

    @property
    def template(self) -> str:
        """A chat template that makes the very prompt that seaguard makes."""
        return f"{_literal(self.before)}{{{{ messages[-1]['content'] }}}}{_literal(self.after)}"

    @contextmanager
    def clock(self) -> Iterator[Callable[[], float]]:
        began, ended = time.perf_counter(), [0.0]
        yield lambda: ended[0]
        ended[0] = time.perf_counter() - began


@dataclass(frozen=True)
class Judged:
    """Seconds for a whole stream with the model loaded and one text judged before, and labels."""

    seconds: float
    labels: Sequence[str] = field(default_factory=list)
    rejudged: int = 0


def answer(work: Callable[[Job], Judged]) -> None:
    """Do the job that standard input gives, and print what came of it as the last line."""
    job = Job(**json.load(sys.stdin))
    judged = work(job)
    strange = {label for label in judged.labels if label.strip() not in ("safe", "unsafe")}
    if strange or len(judged.labels) != len(job.texts):
        # It did not do the same work, and its time would mean nothing.
        raise RuntimeError(f"{len(judged.labels)} verdicts, among them {sorted(strange)}")
    print("\n" + json.dumps(asdict(judged)), flush=True)


def _literal(text: str) -> str:
    """Give text as a Jinja expression: a template's own newlines may be trimmed."""
    return "{{ " + json.dumps(text) + " }}"
