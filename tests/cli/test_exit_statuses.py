"""What `check` ends with, and which status wins when several apply."""

from __future__ import annotations

import errno
import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from families.build import QWEN, Shape, listing, random_weights, write_gguf

from seaguard_cli.exits import Exit

from .helpers import FakeEngine, Kept, check, shell

pytestmark = pytest.mark.usefixtures("fake")


class BreaksOff(io.RawIOBase):
    """An input that gives its lines one by one and then fails."""

    def __init__(self, *lines: bytes) -> None:
        self._lines = list(lines)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self._lines:
            return self._lines.pop(0)
        raise OSError(errno.EIO, os.strerror(errno.EIO))


class TakesOnly(Kept):
    """An output that is full, or whose reader goes, after so many bytes."""

    def __init__(self, room: int, error: OSError) -> None:
        super().__init__()
        self._room = room
        self._error = error

    def write(self, data: Any, /) -> int:
        piece = bytes(data)[: self._room - self.tell()]
        if not piece:
            raise self._error
        return super().write(piece)


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_0_when_everything_was_judged() -> None:
    assert check("hello").status == 0


def test_0_when_something_was_unsafe_and_nobody_asked() -> None:
    ran = check("a bomb")
    assert (ran.labels, ran.status) == (["unsafe"], 0)


def test_0_for_an_empty_input_and_nothing_is_written() -> None:
    ran = check(stdin=b"")
    assert (ran.out, ran.err, ran.status) == (b"", "", 0)


def test_nothing_is_loaded_for_an_empty_input(fake: type[FakeEngine]) -> None:
    check(stdin=b"")
    assert fake.loads == 0


@pytest.mark.parametrize("option", ["--exit-code", "-q"])
def test_1_when_something_was_unsafe_and_that_was_asked(option: str) -> None:
    assert check(option, "hello", "a bomb").status == 1


@pytest.mark.parametrize("option", ["--exit-code", "-q"])
def test_0_when_that_was_asked_and_everything_was_safe(option: str) -> None:
    assert check(option, "hello").status == 0


def test_2_for_wrong_usage() -> None:
    assert check("--threshold", "high", "hello").status == 2


def test_3_when_a_record_could_not_be_judged_and_the_others_were() -> None:
    ran = check("--input-format", "jsonl", stdin=b'{"text": "hello"}\n{"id": 1}\n')
    assert (ran.labels, ran.status) == (["safe", "missing_field"], 3)


def test_3_when_nothing_could_be_judged_and_no_model_is_loaded(fake: type[FakeEngine]) -> None:
    ran = check("--input-format", "jsonl", stdin=b"[]\n")
    assert (ran.labels, ran.status, fake.loads) == (["not_text"], 3, 0)


def test_3_when_a_text_is_too_long() -> None:
    assert check("too long").status == 3


def test_4_when_there_is_no_such_model(fake: type[FakeEngine]) -> None:
    ran = check("-m", "no-such-model", "hello")
    assert (ran.out, ran.status, fake.loads) == (b"", 4, 0)


def test_5_when_the_engine_fails() -> None:
    ran = check("engine breaks")
    assert (ran.out, ran.status) == (b"", 5)
    assert ran.told[-1].startswith("seaguard: error: llama.cpp could not decode (status -3)")


def test_5_when_the_engine_failed_for_one_record_alone() -> None:
    ran = check("hello", "no number", "a bomb")
    assert (ran.labels, ran.status) == (["safe", "engine", "unsafe"], 5)


def test_5_when_memory_runs_out() -> None:
    ran = check("no memory")
    assert ran.status == 5
    assert ran.told[-1].startswith("seaguard: error: not enough memory: lower --ctx")


def test_5_when_an_allocation_is_refused(tmp_path: Path) -> None:
    # A context of 400,000 tokens takes more than the 800 MB of address space that it is given.
    listed, shape = listing(QWEN), Shape(context=4_000_000)
    model, texts = tmp_path / "long.gguf", tmp_path / "long.txt"
    write_gguf(model, QWEN, listed, random_weights(QWEN, listed, shape), shape)
    texts.write_text("word " * 200_000)
    ran = shell(
        'ulimit -v 800000; seaguard check -m "$1" --max-window 4000000 -f "$2"',
        str(model),
        str(texts),
    )
    assert (ran.out, ran.status, len(ran.told)) == (b"", 5, 1)
    assert re.fullmatch(
        r"seaguard: error: long: with a window of 4000000 tokens it takes about \d+ GB of memory, "
        r"and \d+ MB are free: lower --max-window to \d+, or --ctx, or close other programs",
        ran.told[0],
    )


def test_70_for_a_bug_told_in_one_line() -> None:
    ran = check("bug")
    assert (ran.out, ran.status) == (b"", 70)
    assert ran.told == [
        "seaguard: error: a bug in seaguard, RuntimeError: two\\nlines of \\x1b[31mbug: run it "
        "again with --debug and report what it shows"
    ]


@pytest.mark.parametrize(
    "way", [("--debug",), {"SEAGUARD_DEBUG": "1"}, {"SEAGUARD_DEBUG": "yes"}, "debug = true\n"]
)
def test_a_bug_shows_its_traceback_when_that_was_asked(
    way: Any, config_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: tuple[str, ...] = ()
    if isinstance(way, dict):
        monkeypatch.setenv(*next(iter(way.items())))
    elif isinstance(way, str):
        config_folder.joinpath("config.toml").write_text(way)
    else:
        options = way
    ran = check(*options, "bug")
    assert ran.status == 70
    assert ran.told[0] == "Traceback (most recent call last):"
    assert ran.told[-1].startswith("seaguard: error: a bug in seaguard, RuntimeError: two")


def test_a_bug_shows_no_traceback_when_that_was_ruled_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEAGUARD_DEBUG", "0")
    assert "Traceback" not in check("bug").err


def test_74_when_the_output_is_full_and_what_was_written_is_whole() -> None:
    line = check("hello").out
    out = TakesOnly(len(line), FULL)
    ran = check("hello", "again", stdout=out)
    assert (out.getvalue(), ran.status) == (line, 74)
    assert ran.told[-1] == (
        "seaguard: error: standard output: writing broke off, no space left on device: "
        "what was written is whole records"
    )


def test_74_when_a_device_is_full() -> None:
    ran = shell("seaguard check -m tiny hello > /dev/full")
    assert ran.status == 74
    assert "no space left on device" in ran.err


def test_a_record_that_was_torn_by_a_full_disk_is_taken_back(tmp_path: Path) -> None:
    texts = [f"text {number} {'.' * 60}" for number in range(40)]
    script = 'ulimit -f 2; seaguard check -m tiny -f "$1" > "$2"'
    read, written = tmp_path / "texts.txt", tmp_path / "judged.jsonl"
    read.write_text("\n".join(texts))
    ran = shell(script, str(read), str(written))
    found = written.read_bytes()
    assert ran.status == 74
    assert 1000 < len(found) <= 2048
    assert found.endswith(b"}\n")
    assert [json.loads(line)["text"] for line in found.splitlines()] == texts[: found.count(b"\n")]


@pytest.mark.parametrize("lines", [0, 1, 3, 4, 9])
def test_74_when_the_input_breaks_off_and_what_came_before_it_is_judged(lines: int) -> None:
    texts = [b'{"text": "a bomb %d"}\n' % number for number in range(lines)]
    ran = check("--input-format", "jsonl", stdin=BreaksOff(*texts))
    assert (ran.labels, ran.status) == (["unsafe"] * lines, 74)
    assert ran.told[-1] == (
        "seaguard: error: standard input: reading broke off, input/output error: "
        "what came before it was judged"
    )


def test_an_array_is_closed_when_the_input_breaks_off() -> None:
    ran = check("-o", "json", "--input-format", "jsonl", stdin=BreaksOff(b'{"text": "hello"}\n'))
    assert ran.out.startswith(b'[\n{"text": "hello", ')
    assert ran.out.endswith(b"}\n]\n")
    assert ran.status == 74


def test_130_when_interrupted_and_nothing_is_said() -> None:
    ran = check("interrupt")
    assert (ran.out, ran.err, ran.status) == (b"", "", 130)


def test_141_when_the_reader_has_gone_and_nothing_is_said() -> None:
    gone = BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
    ran = check("hello", "again", stdout=TakesOnly(0, gone))
    assert ran.status == 141
    assert "error" not in ran.err


def test_141_from_head_at_the_end_of_an_endless_pipe() -> None:
    ran = shell('yes | seaguard check -m tiny -o labels | head -3; echo "${PIPESTATUS[1]}"')
    assert ran.lines == [*[ran.lines[0]] * 3, b"141"]
    assert "error" not in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("what", ["--help", "check --help"])
def test_141_when_nobody_reads_the_help(what: str) -> None:
    ran = shell(f'seaguard {what} | true; echo "${{PIPESTATUS[0]}}"')
    assert (ran.out, ran.err) == (b"141\n", "")


@pytest.mark.parametrize("what", ["--help", "--version", "check --help"])
def test_74_when_there_is_no_room_for_the_help(what: str) -> None:
    ran = shell(f"seaguard {what} > /dev/full")
    assert ran.status == 74
    assert ran.told == [
        "seaguard: error: standard output: writing broke off, no space left on device: "
        "what was written is whole records"
    ]


class TestPrecedence:
    """70, 5, 74, 3, 1."""

    def test_a_bug_wins_over_an_output_that_is_full(self) -> None:
        # The end of the array cannot be written either, when the bug ends the run.
        ran = check("-o", "json", *["hello"] * 4, "bug", stdout=TakesOnly(700, FULL))
        assert ran.status == 70

    def test_a_failed_engine_wins_over_an_input_that_breaks_off(self) -> None:
        lines = BreaksOff(b'{"text": "no number"}\n')
        ran = check("--input-format", "jsonl", stdin=lines)
        assert (ran.labels, ran.status) == (["engine"], 5)

    def test_an_input_that_breaks_off_wins_over_what_could_not_be_judged(self) -> None:
        ran = check("--input-format", "jsonl", stdin=BreaksOff(b"{}\n"))
        assert (ran.labels, ran.status) == (["missing_field"], 74)

    def test_a_failed_engine_wins_over_what_could_not_be_judged(self) -> None:
        assert check("too long", "no number").status == 5

    def test_what_could_not_be_judged_wins_over_unsafe(self) -> None:
        assert check("--exit-code", "a bomb", "too long").status == 3

    def test_wrong_usage_is_found_before_missing_weights(self) -> None:
        assert check("-m", "no-such-model", "-f", "missing.txt").status == 2


def test_every_status_of_the_contract_has_its_number() -> None:
    assert [status.value for status in Exit] == [0, 1, 2, 3, 4, 5, 70, 74, 130, 141]


def test_the_model_is_closed_however_a_run_ends(fake: type[FakeEngine]) -> None:
    for text in ("hello", "engine breaks", "bug", "interrupt", "no memory"):
        check(text)
    assert (fake.loads, fake.closed) == (5, 5)
