from __future__ import annotations

import io
from dataclasses import dataclass

import pytest

from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.progress import ProgressLine
from seaguard_cli.cli.report import Report
from seaguard_cli.cli.sizes import size_words, time_words


@dataclass
class Clock:
    now: float = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("seaguard_cli.cli.progress.time", clock)
    return clock


def progress(*, terminal: bool) -> tuple[ProgressLine, io.StringIO]:
    err = io.StringIO()
    environment = Environment(
        (), {"COLUMNS": "60"}, io.BytesIO(), io.BytesIO(), err, False, False, terminal
    )
    return ProgressLine(environment, Report(environment)), err


def fetch(line: ProgressLine, clock: Clock, seconds: int) -> None:
    line.begin("model.gguf", 10**9)
    for second in range(seconds + 1):
        clock.now = float(second)
        line.at(second * 10**7)
    line.end()


def test_a_terminal_has_one_line_that_is_rewritten(clock: Clock) -> None:
    line, err = progress(terminal=True)
    fetch(line, clock, 20)
    said = err.getvalue()
    assert "\n" not in said
    assert "\rmodel.gguf: 200 MB of 1.0 GB, 10 MB/s, 1 min 20 s left\x1b[K" in said
    assert said.endswith("\r\x1b[K")
    assert all(len(one.removesuffix("\x1b[K")) < 60 for one in said.split("\r"))


def test_elsewhere_there_is_a_line_now_and_then(clock: Clock) -> None:
    line, err = progress(terminal=False)
    fetch(line, clock, 40)
    said = err.getvalue().splitlines()
    assert len(said) == 2
    assert said[0] == "seaguard: model.gguf: 150 MB of 1.0 GB, 10 MB/s, 1 min 25 s left"
    assert "\x1b" not in err.getvalue()


def test_a_name_cannot_move_the_cursor(clock: Clock) -> None:
    line, err = progress(terminal=True)
    line.begin("a\x1b[2Jb", 10)
    clock.now = 1
    line.at(5)
    assert "\x1b[2J" not in err.getvalue()


def test_what_is_no_bytes_is_counted_by_its_name(clock: Clock) -> None:
    line, err = progress(terminal=True)
    line.begin("quantising Q4_K_M", 398, unit="tensors")
    clock.now = 1
    line.at(12)
    assert "quantising Q4_K_M: 12 of 398 tensors" in err.getvalue()


def test_starting_over_is_no_negative_rate(clock: Clock) -> None:
    line, err = progress(terminal=True)
    line.begin("m", 100)
    for now, done in ((1, 50), (2, 0), (3, 10)):
        clock.now = float(now)
        line.at(done)
    assert "-" not in err.getvalue()


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (2_490_000_000, "2.5 GB"), (12_500_000_000, "12 GB")],
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert size_words(size) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(7, "7 s"), (190, "3 min 10 s"), (7500, "2 h 05 min")]
)
def test_times_in_words(seconds: float, words: str) -> None:
    assert time_words(seconds) == words
