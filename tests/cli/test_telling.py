"""`--split`, `--summary`, `--verbose` and the line of progress."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from seaguard_cli.cli.check_progress import CheckProgress
from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.report import Report
from seaguard_cli.engine import Flush, Outcomes
from seaguard_cli.pipeline import Tally
from seaguard_cli.prompt import Prompt
from seaguard_cli.verdict import Score

from .helpers import FakeEngine, check, seaguard
from .test_terminal import terminal

RECORDS = b'{"text": "a bomb", "n": 1}\n{"text": "hello"}\n{"text": 5}\n{"text": "two bombs"}\n'


@pytest.mark.usefixtures("fake")
class TestSplit:
    def test_each_record_is_in_the_file_of_its_label(self, tmp_path: Path) -> None:
        whole = check(stdin=RECORDS).lines
        ran = check("--split", str(tmp_path / "parts"), stdin=RECORDS)
        assert (ran.out, ran.status) == (b"", 3)
        parts = {path.name: path.read_bytes().splitlines() for path in tmp_path.glob("parts/*")}
        assert parts == {
            "unsafe.jsonl": [whole[0], whole[3]],
            "safe.jsonl": [whole[1]],
            "error.jsonl": [whole[2]],
        }

    @pytest.mark.parametrize(
        ("form", "suffix"), [("csv", "csv"), ("json", "json"), ("text", "txt")]
    )
    def test_every_part_is_whole_in_its_form(self, tmp_path: Path, form: str, suffix: str) -> None:
        check("--split", str(tmp_path), "-o", form, stdin=RECORDS)
        for label, lines in (("safe", RECORDS.splitlines()[1:2]), ("error", [])):
            records = b"".join(line + b"\n" for line in lines)
            if label == "safe":
                alone = check("-o", form, stdin=records).out
                assert (tmp_path / f"safe.{suffix}").read_bytes() == alone
            assert (tmp_path / f"{label}.{suffix}").exists()

    def test_files_that_are_there_are_not_touched(self, tmp_path: Path) -> None:
        (tmp_path / "unsafe.jsonl").write_bytes(b"mine\n")
        ran = check("--split", str(tmp_path), stdin=RECORDS)
        assert ran.status == 2
        assert f"{tmp_path / 'unsafe.jsonl'}: it is there already" in ran.err
        assert (tmp_path / "unsafe.jsonl").read_bytes() == b"mine\n"

    @pytest.mark.parametrize("other", [["--only", "safe"], ["-q"], ["-o", "labels"]])
    def test_what_does_not_go_with_it_is_said(self, tmp_path: Path, other: list[str]) -> None:
        ran = check("--split", str(tmp_path / "parts"), *other, stdin=RECORDS)
        assert ran.status == 2
        assert "--split" in ran.err
        assert not (tmp_path / "parts").exists()


@pytest.mark.usefixtures("fake")
class TestSummary:
    def test_for_a_person(self) -> None:
        told = check("--summary", stdin=RECORDS).told[-3:]
        assert told[0].startswith("seaguard: 4 records; ")
        assert told[1] == (
            "seaguard: 1 safe, 2 unsafe (66.7%), 1 not judged (1 not_text); fixed, threshold 0.5"
        )
        assert told[2].startswith("seaguard: 0 scored near the threshold")

    def test_for_a_program(self) -> None:
        ran = check("--summary", "--json", "--threshold", "0.25", stdin=RECORDS)
        summary = json.loads(ran.told[-1])
        assert summary.pop("seconds") >= 0
        assert summary.pop("records_per_second") >= 0
        assert summary == {
            "records": 4,
            "before": 0,
            "safe": 1,
            "unsafe": 2,
            "low_mass": 0,
            "errors": {"not_text": 1},
            "settled": 0,
            "model": "fixed",
            "threshold": 0.25,
        }

    def test_what_was_judged_again_is_counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        plain = FakeEngine.score

        def packed(
            self: FakeEngine, prompts: Iterable[Prompt | Flush]
        ) -> Iterator[Outcomes | Flush]:
            for some in plain(self, prompts):
                if isinstance(some, Flush):
                    yield some
                else:
                    yield [
                        replace(one, exact=False) if isinstance(one, Score) else one for one in some
                    ]

        monkeypatch.setattr(FakeEngine, "score", packed)
        ran = check("--summary", "--json", "--threshold", "0.9", stdin=RECORDS)
        assert json.loads(ran.told[-1])["settled"] == 2

    def test_an_interrupted_run_has_one_too(self) -> None:
        ran = check("--summary", "--json", stdin=RECORDS + b'{"text": "interrupt"}\n')
        assert ran.status == 130
        assert json.loads(ran.told[-1])["records"] == 4

    def test_json_alone_is_told_what_it_needs(self) -> None:
        ran = check("--json", stdin=RECORDS)
        assert "add --summary" in ran.err
        assert ran.status == 2


def test_verbose_tells_the_plan_and_leaves_the_logger_as_it_was() -> None:
    ran = seaguard("check", "-m", "tiny", "-v", "hello")
    assert "loaded in" in ran.err
    assert "the plan: context up to 4096 tokens" in ran.err
    assert not logging.getLogger("seaguard_cli").handlers
    assert "the plan" not in seaguard("check", "-m", "tiny", "hello").err


class TestProgress:
    @pytest.mark.usefixtures("fake")
    def test_there_is_none_for_a_short_run_or_without_a_terminal(self) -> None:
        assert "records" not in check(stdin=RECORDS, terminals="err").err.split("warning")[0]
        assert "\r" not in check(stdin=RECORDS * 5000).err

    def test_it_tells_how_far_it_is_and_goes_away(self, tmp_path: Path) -> None:
        texts = tmp_path / "texts.txt"
        texts.write_text("".join(f"text number {number} of many\n" for number in range(3000)))
        status, shown = terminal(
            *("check", "-m", "tiny", "-f", str(texts), "--out", str(tmp_path / "out.jsonl"))
        )
        assert status == 0
        lines = [line for line in shown.split(b"\r") if b" records, " in line]
        assert lines
        assert b" a second, " in lines[-1]
        assert b" done, " in lines[-1]
        assert b" left" in lines[-1]
        assert shown.endswith(b"\x1b[K")

    def test_notes_go_above_it(self) -> None:
        err = io.StringIO()
        report = Report(
            Environment((), {"COLUMNS": "60"}, io.BytesIO(), io.BytesIO(), err, False, False, True)
        )
        CheckProgress(report, 60, None).tell(Tally())
        report.line("3 records", 60)
        report.note("something")
        assert err.getvalue().endswith("\r3 records\x1b[K\r\x1b[Kseaguard: something\n3 records")
