"""`--out` and `--resume`: a killed run goes on, and ends as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from .helpers import COMMAND, FakeEngine, Ran, check, process, process_variables, running

TEXTS = [f"text {number}, {'a bomb' if number % 7 == 0 else 'a cake'}" for number in range(600)]
LINES = "".join(f"{text}\n" for text in TEXTS).encode()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "judged.jsonl"


def journal(out: Path) -> Any:
    return json.loads(out.with_name(f"{out.name}.run.json").read_bytes())


def to_file(out: Path, *arguments: str, stdin: bytes = LINES, **more: Any) -> Ran:
    return check("--out", str(out), *arguments, stdin=stdin, **more)


def rewind(out: Path, records: int) -> None:
    """Leave file and journal as a run that was killed after so many records does."""
    lines = out.read_bytes().splitlines(keepends=True)
    out.unlink()
    part = to_file(out, stdin=b"".join(LINES.splitlines(keepends=True)[:records]))
    assert part.status == 0
    assert out.read_bytes() == b"".join(lines[:records])


@pytest.mark.usefixtures("fake")
class TestToAFile:
    def test_the_file_is_what_standard_output_would_be(self, out: Path) -> None:
        ran = to_file(out)
        assert (ran.out, ran.status) == (b"", 0)
        assert out.read_bytes() == check(stdin=LINES).out
        assert journal(out)["position"]["records"] == 600
        assert journal(out)["finished"] is True

    def test_a_file_that_is_there_is_not_touched(self, out: Path) -> None:
        out.write_bytes(b"something else\n")
        ran = to_file(out)
        assert ran.told == [
            f"seaguard: error: {out}: it is there already: go on with its run by --resume, "
            "or name another file"
        ]
        assert (ran.status, out.read_bytes()) == (2, b"something else\n")

    def test_a_folder_that_is_missing_is_told(self, tmp_path: Path) -> None:
        ran = to_file(tmp_path / "none" / "judged.jsonl")
        assert ran.status == 2
        assert "no such file or directory: check the name of the output" in ran.err

    def test_another_process_that_writes_it_is_left_alone(self, out: Path) -> None:
        with running(*COMMAND, "check", "-m", "tiny", "--out", out) as first:
            assert first.stdin
            first.stdin.write(b"hello\n")
            wait_for_records(out, 1)
            ran = to_file(out, "--resume")
            first.stdin.close()
            assert first.wait(60) == 0
        assert ran.told == [
            f"seaguard: error: {out}: another seaguard is writing it: wait until it has ended"
        ]
        assert ran.status == 2

    @pytest.mark.parametrize(
        "other", [["--only", "safe"], ["-q"], ["--split", "parts"], ["-o", "json"]]
    )
    def test_what_does_not_go_with_it_is_said(self, out: Path, other: list[str]) -> None:
        ran = to_file(out, *other)
        assert (ran.out, ran.status, out.exists()) == (b"", 2, False)
        assert "--out" in ran.err

    def test_resume_alone_is_told_what_it_needs(self) -> None:
        assert "--resume goes on with the file that --out names" in check("--resume").err


@pytest.mark.usefixtures("fake")
class TestGoingOn:
    @pytest.mark.parametrize("records", [1, 4, 599, 600])
    @pytest.mark.parametrize("form", ["jsonl", "csv", "labels", "text"])
    def test_the_whole_is_that_of_an_uninterrupted_run(
        self, out: Path, form: str, records: int
    ) -> None:
        whole = out.with_name("whole")
        to_file(whole, "-o", form)
        to_file(out, "-o", form, stdin=b"".join(LINES.splitlines(keepends=True)[:records]))
        ran = to_file(out, "-o", form, "--resume")
        assert ran.status == 0
        assert out.read_bytes() == whole.read_bytes()
        assert ran.told[0] == f"seaguard: {out} holds {records} records: going on after them"

    def test_a_line_that_was_half_written_is_cut_off(self, out: Path) -> None:
        to_file(out)
        whole = out.read_bytes()
        rewind(out, 300)
        with out.open("ab") as file:
            file.write(b'{"text":"text 300, a c')
        assert to_file(out, "--resume").status == 0
        assert out.read_bytes() == whole

    def test_what_was_finished_needs_no_model(self, out: Path, fake: type[FakeEngine]) -> None:
        to_file(out)
        loads = fake.loads
        before = out.read_bytes()
        assert to_file(out, "--resume").status == 0
        assert (out.read_bytes(), fake.loads) == (before, loads)

    def test_an_input_that_has_grown_is_gone_on_with(self, out: Path) -> None:
        to_file(out)
        ran = to_file(out, "--resume", stdin=LINES + b"one more bomb\n")
        assert ran.status == 0
        assert out.read_bytes() == check(stdin=LINES + b"one more bomb\n").out

    def test_the_status_counts_what_was_judged_before(self, out: Path) -> None:
        to_file(out, stdin=b"a bomb\n\xff\n")
        assert to_file(out, "--resume", stdin=b"a bomb\n\xff\nhello\n").status == 3
        clean = out.with_name("clean")
        to_file(clean, "--exit-code", stdin=b"a bomb\n")
        assert to_file(clean, "--exit-code", "--resume", stdin=b"a bomb\nhello\n").status == 1

    @pytest.mark.parametrize("stdin", [b"id,text\n", b""])
    def test_a_table_without_rows_gets_one_header(self, out: Path, stdin: bytes) -> None:
        arguments = ("--input-format", "csv", "-o", "csv")
        to_file(out, *arguments, stdin=stdin)
        to_file(out, *arguments, "--resume", stdin=b"id,text\n1,a bomb\n")
        assert (
            out.read_bytes().splitlines()[0]
            == b"id,text,seaguard_label,seaguard_score,seaguard_error"
        )
        assert len(out.read_bytes().splitlines()) == 2

    def test_rows_that_waited_for_their_columns_are_not_lost(self, out: Path) -> None:
        broken = b"\xff\n" * 10
        to_file(out, "-o", "csv", "--input-format", "jsonl", stdin=broken)
        arguments = ("-o", "csv", "--input-format", "jsonl", "--resume")
        to_file(out, *arguments, stdin=broken + b'{"text": "a bomb"}\n')
        assert len(out.read_bytes().splitlines()) == 12

    def test_settings_by_which_verdicts_change_are_held_to(self, out: Path) -> None:
        to_file(out)
        ran = to_file(out, "--resume", "--threshold", "0.4", "--task", "response")
        assert ran.told == [
            f"seaguard: error: {out}: its run cannot go on, the run was begun with another task, "
            "another threshold: repeat the command as it was begun, or begin anew with another "
            "file"
        ]
        assert ran.status == 2

    def test_other_weights_are_refused(self, out: Path) -> None:
        to_file(out)
        Path(os.environ["SEAGUARD_MODEL"]).write_bytes(b"GGUF, others")
        ran = to_file(out, "--resume")
        assert "the run was begun with other weights: repeat" in ran.err
        ran = to_file(out, "--resume", "--threshold", "0.4")
        assert "the run was begun with another threshold, other weights: repeat" in ran.err

    @pytest.mark.parametrize(
        ("stdin", "problem"),
        [
            (LINES.replace(b"text 3,", b"text 3;"), "its input is not that of the 600 records"),
            (LINES[: len(LINES) // 2], "of 600 records"),
            (LINES.replace(b"text 1, a cake\ntext 2,", b"text 1, a cake text 2,", 1), "its input"),
        ],
    )
    def test_another_input_is_refused(self, out: Path, stdin: bytes, problem: str) -> None:
        to_file(out)
        before = out.read_bytes()
        ran = to_file(out, "--resume", stdin=stdin)
        assert (ran.status, out.read_bytes()) == (2, before)
        assert problem in ran.err

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda out: out.write_bytes(out.read_bytes()[:-10]),
            lambda out: out.write_bytes(out.read_bytes().replace(b"599", b"000")),
            lambda out: out.with_name(f"{out.name}.run.json").unlink(),
            lambda out: out.with_name(f"{out.name}.run.json").write_bytes(b"{"),
            lambda out: out.with_name(f"{out.name}.run.json").write_bytes(
                orjson.dumps(journal(out) | {"version": 99})
            ),
        ],
        ids=["shorter", "edited", "no journal", "broken journal", "another version"],
    )
    def test_a_file_that_is_not_as_it_was_is_refused(self, out: Path, spoil: Any) -> None:
        to_file(out)
        spoil(out)
        ran = to_file(out, "--resume")
        assert ran.status == 2
        assert "its run cannot go on" in ran.err

    def test_arguments_are_an_input_too(self, out: Path) -> None:
        to_file(out, "--response", "a bomb", "--", "hello", stdin=b"")
        other = to_file(out, "--resume", "--response", "a cake", "--", "hello", stdin=b"")
        same = to_file(out, "--resume", "--response", "a bomb", "--", "hello", stdin=b"")
        assert (other.status, same.status) == (2, 0)


@pytest.mark.usefixtures("fake")
class TestInterrupted:
    def test_it_tells_how_to_go_on(self, out: Path) -> None:
        stdin = LINES + b"interrupt\n"
        ran = to_file(out, stdin=stdin)
        assert ran.status == 130
        assert ran.told[-1] == (
            f"seaguard: {out} holds 600 records: go on with `seaguard check --out {out} --resume`"
        )
        assert to_file(out, "--resume", stdin=LINES + b"hello\n").status == 0
        assert out.read_bytes() == check(stdin=LINES + b"hello\n").out

    def test_an_engine_that_breaks_leaves_whole_records(self, out: Path) -> None:
        ran = to_file(out, stdin=LINES + b"engine breaks\n")
        assert ran.status == 5
        assert journal(out)["position"]["records"] == 600
        assert not journal(out)["finished"]
        assert "--resume`" in ran.err


def wait_for_records(out: Path, records: int) -> None:
    for _ in range(1200):
        try:
            if journal(out)["position"]["records"] >= records:
                return
        except FileNotFoundError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"no {records} records")


def test_a_disk_that_fills_leaves_whole_records_to_go_on_from(tmp_path: Path) -> None:
    texts, out = tmp_path / "texts.txt", tmp_path / "out.jsonl"
    texts.write_bytes(LINES)

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, resource.RLIM_INFINITY))

    arguments = ("check", "-m", "tiny", "--deterministic", "-f", str(texts), "--out", str(out))
    ran = process(*arguments, preexec_fn=little_room)
    assert ran.status == 74
    assert "writing broke off, file too large: what was written is whole records" in ran.err
    assert "Traceback" not in ran.err
    lines = out.read_bytes().splitlines(keepends=True)
    assert all(json.loads(line) and line.endswith(b"\n") for line in lines)
    assert journal(out)["position"]["records"] == len(lines) > 100
    assert process(*arguments, "--resume").status == 0
    whole = process("check", "-m", "tiny", "--deterministic", "-f", str(texts))
    assert out.read_bytes() == whole.out


def test_killed_again_and_again_it_ends_as_if_it_never_was(tmp_path: Path) -> None:
    texts = tmp_path / "texts.jsonl"
    texts.write_bytes(
        b"".join(
            orjson.dumps({"id": n, "text": f"{t} {n}"}) + b"\n" for n, t in enumerate(TEXTS * 3)
        )
    )
    arguments = ("check", "-m", "tiny", "--deterministic", "-f", str(texts), "--out")
    whole, out = tmp_path / "whole.jsonl", tmp_path / "killed.jsonl"
    assert process(*arguments, str(whole)).status == 0
    step = whole.stat().st_size // 20

    def written() -> int:
        return out.stat().st_size if out.exists() else 0

    rng = random.Random(6)
    kills = 0
    for _ in range(200):
        with subprocess.Popen(
            [*COMMAND, *arguments, str(out), *(["--resume"] if out.exists() else [])],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=process_variables(),
        ) as run:
            enough = written() + rng.randrange(2 * step)
            while run.poll() is None and (kills == 20 or written() < enough):
                time.sleep(0.002)
            if run.poll() is None:
                # Before the journal was begun it leaves an empty file, which is begun anew.
                run.send_signal(signal.SIGKILL)
                run.wait()
                kills += 1
        if run.returncode == 0:
            break
        if out.exists() and not out.with_name(f"{out.name}.run.json").exists():
            assert not out.read_bytes()
            out.unlink()
    assert kills > 5
    assert run.returncode == 0
    assert out.read_bytes() == whole.read_bytes()
