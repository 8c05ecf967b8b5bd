"""`seaguard bench`, on the demonstration model: what it says is not looked at, but that it does."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from .helpers import COMMAND, Ran, process, process_variables

QUICK = ("--budget", "1")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Path, dict[str, str]]:
    """One measurement, its state folder, and the variables that it ran with."""
    home = tmp_path_factory.mktemp("home")
    variables = {f"XDG_{kind}_HOME": str(home / kind) for kind in ("STATE", "DATA", "CONFIG")}
    done = process("bench", "tiny", *QUICK, "--device", "cpu", variables=variables)
    assert done.status == 0, done.err
    return done, home / "STATE" / "seaguard" / "bench", variables


def test_elsewhere_than_on_a_terminal_it_writes_json(ran: tuple[Ran, Path, Any]) -> None:
    said = json.loads(ran[0].out)
    assert set(said) == {
        "schema",
        "command",
        "model",
        "processors",
        "gpus",
        "complete",
        "busy",
        "trials",
        "winner",
        "as_by_rule",
        "texts_per_second",
        "first_verdict_seconds",
        "first_verdict_peak_memory",
        "stream_peak_memory",
        "kept_in",
    }
    assert said["model"] == "tiny:Q8_0"
    assert set(said["texts_per_second"]) == {"short", "medium", "long"}
    assert all(rate > 0 for rate in said["texts_per_second"].values())
    assert said["first_verdict_seconds"] > 0
    settings = {one["setting"] for one in said["trials"]}
    # SEAGUARD_THREADS is set for every test: what was asked for is not tried.
    assert settings == {"repacking", "flash attention", "micro-batch"}
    for setting in settings:
        assert sum(one["chosen"] for one in said["trials"] if one["setting"] == setting) == 1


def test_what_won_is_kept_and_check_runs_with_it(ran: tuple[Ran, Path, Any]) -> None:
    done, folder, variables = ran
    (file,) = folder.iterdir()
    assert json.loads(done.out)["kept_in"] == str(file)
    assert str(file) in done.told[-1]
    kept = json.loads(file.read_text())
    kept["found"] |= {"ubatch": 256, "batch": 1024, "flash_attention": False}
    file.write_text(json.dumps(kept))
    told = process("check", "-m", "tiny", "-v", "one", variables=variables).err
    assert "micro-batches of 256" in told
    assert "flash attention off" in told
    fixed = process("check", "-m", "tiny", "-v", "--deterministic", "one", variables=variables)
    assert "micro-batches of 512" in fixed.err


def test_nothing_is_kept_unless_it_may_be(tmp_path: Path) -> None:
    variables = {"XDG_STATE_HOME": str(tmp_path)}
    done = process("bench", "tiny", *QUICK, "--no-save", "-o", "csv", variables=variables)
    assert done.status == 0, done.err
    assert not (tmp_path / "seaguard" / "bench").exists()
    rows = list(csv.DictReader(io.StringIO(done.out.decode())))
    assert {row["kind"] for row in rows} == {"trial", "figure"}
    assert {row["unit"] for row in rows} >= {"tokens/s", "texts/s", "s"}


def test_tables_and_markdown_name_what_was_taken(tmp_path: Path) -> None:
    variables = {"XDG_STATE_HOME": str(tmp_path), "COLUMNS": "100"}
    for form, line in (("table", r"repacking +as in the file"), ("md", r"\| repacking \| as in")):
        done = process("bench", "tiny", *QUICK, "--no-save", "-o", form, variables=variables)
        assert done.status == 0, done.err
        assert re.search(line, done.out.decode())
        assert b"\x1b" not in done.out


def test_ctrl_c_ends_it_with_130_and_keeps_nothing(tmp_path: Path) -> None:
    variables = process_variables({"XDG_STATE_HOME": str(tmp_path)})
    running = subprocess.Popen(
        [*COMMAND, "bench", "tiny", "--budget", "500", "-v"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=variables,
    )
    assert running.stderr
    while b"tokens/s" not in running.stderr.readline():
        pass
    time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert json.loads(out)["error"]["status"] == 130
    assert b"Traceback" not in err
    assert not (tmp_path / "seaguard" / "bench").exists()


def test_a_model_that_is_not_there_is_told_as_by_check() -> None:
    done = process("bench", "no-such-model")
    assert done.status == 4
    assert json.loads(done.out)["error"]["status"] == 4
    assert "no-such-model: no model of this name" in done.err


@pytest.mark.parametrize("budget", ["nan", "inf", "0", "-3", "soon"])
def test_a_budget_is_a_number_of_seconds(budget: str) -> None:
    done = process("bench", "tiny", "--budget", budget)
    assert (done.status, done.out) == (2, b"")
    assert len(done.told) == 1


def test_where_nothing_can_be_kept_what_was_measured_is_told_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    variables = {"XDG_STATE_HOME": str(tmp_path / "file")}
    done = process("bench", "tiny", *QUICK, variables=variables)
    assert done.status == 74
    said = json.loads(done.out)
    assert said["trials"]
    assert said["kept_in"] is None
    assert said["error"]["type"] == "StateFailed"
    assert "--no-save" in done.told[-1]
