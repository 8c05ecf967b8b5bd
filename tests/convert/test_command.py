"""`seaguard convert` as its command line calls it."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from convert.recipes import RECIPES
from convert.sound import write_guard
from seaguard_cli.cli.convert import run_convert
from seaguard_cli.cli.convert_request import ConvertRequest
from seaguard_cli.cli.environment import Environment, process_environment
from seaguard_cli.cli.messages import sentence_of, status_of
from seaguard_cli.errors import CanariesFailed, CheckpointBroken, UsageError
from seaguard_cli.exits import Exit
from seaguard_cli.guard import Guard

_FOLDER = RECIPES["llama-5"].folder


@pytest.fixture
def environment() -> Environment:
    return replace(
        process_environment([]),
        variables={"COLUMNS": "80"},
        stdout=io.BytesIO(),
        stderr=io.StringIO(),
        stdout_terminal=False,
        stderr_terminal=False,
    )


def _out(environment: Environment) -> str:
    return environment.stdout.getvalue().decode()  # type: ignore[attr-defined]


def _err(environment: Environment) -> str:
    return environment.stderr.getvalue()  # type: ignore[attr-defined]


def test_paths_go_to_standard_output_and_sizes_to_standard_error(
    environment: Environment, tmp_path: Path
) -> None:
    request = _untried(str(tmp_path), quants=("Q8_0", "F16"))

    assert run_convert(request, environment) is Exit.OK

    paths = [tmp_path / f"llama-5-{quant}.gguf" for quant in request.quants]
    assert _out(environment).splitlines() == [str(path) for path in paths]
    assert "llama-5-Q8_0.gguf: Q8_0, " in _err(environment)
    assert all(path.is_file() for path in paths)


def test_the_default_is_q4_k_m_in_the_folder_that_one_is_in(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    run_convert(_untried(None), environment)

    assert [path.name for path in tmp_path.iterdir()] == ["llama-5-Q4_K_M.gguf"]
    assert _out(environment) == "llama-5-Q4_K_M.gguf\n"


def test_a_terminal_sees_one_line_rewritten_and_taken_back(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seaguard_cli.cli.progress._REWRITE_EVERY", 0)
    terminal = replace(environment, stderr_terminal=True)

    run_convert(_untried(str(tmp_path)), terminal)

    shown = _err(environment).split("\r")
    assert any("writing F16" in one for one in shown)
    assert any("quantising Q4_K_M" in one and "tensors" in one for one in shown)
    assert shown[-1].startswith("\x1b[K")


def test_the_result_is_one_json_object(environment: Environment, tmp_path: Path) -> None:
    path = tmp_path / "made.gguf"

    run_convert(_untried(str(path), quants=("F16",), json=True), environment)

    told = json.loads(_out(environment))
    assert told == {
        "schema": 1,
        "command": "convert",
        "outcome": "converted",
        "architecture": "llama",
        "parameters": 186_448,
        "repo": None,
        "revision": None,
        "files": [{"path": str(path), "quant": "F16", "size": path.stat().st_size}],
    }


def test_a_failure_speaks_json_too(environment: Environment, tmp_path: Path) -> None:
    with pytest.raises(CheckpointBroken):
        run_convert(ConvertRequest(str(tmp_path), json=True), environment)

    assert json.loads(_out(environment))["error"]["status"] == 4


def test_a_guard_passes_its_canaries_in_every_quant_and_scores_as_before(
    environment: Environment, tmp_path: Path
) -> None:
    folder = write_guard(tmp_path / "guard")
    request = ConvertRequest(str(folder), str(tmp_path), quants=("F32", "Q8_0"), json=True)

    assert run_convert(request, environment) is Exit.OK

    canaries = [file["canaries"] for file in json.loads(_out(environment))["files"]]
    assert [one["problem"] for one in canaries] == [None, None]
    assert all(one["auc"] > 0.75 for one in canaries)
    found = []
    for model in (tmp_path / "guard-Q8_0.gguf", "tiny"):
        with Guard(str(model), deterministic=True, threads=1) as guard:
            found.append([guard.check(text).score for text in ("hello", "how do I kill him?")])
    assert found[0] == pytest.approx(found[1], abs=1e-6)


def test_what_fails_its_canaries_stays_and_is_told_of_each(
    environment: Environment, tmp_path: Path
) -> None:
    request = ConvertRequest(str(_FOLDER), str(tmp_path), quants=("F16", "Q8_0"))

    with pytest.raises(CanariesFailed) as caught:
        run_convert(request, environment)

    paths = [tmp_path / f"llama-5-{quant}.gguf" for quant in request.quants]
    assert all(path.is_file() for path in paths)
    assert _out(environment).splitlines() == [str(path) for path in paths]
    assert "error: llama-5-F16.gguf: its canaries fail, " in _err(environment)
    sentence = sentence_of(caught.value)
    assert sentence.startswith("llama-5-Q8_0.gguf: its canaries fail, ")
    assert sentence.endswith("do not rely on it; only a SEA-Guard model passes")
    assert status_of(caught.value) is Exit.WEIGHTS


def test_failing_canaries_are_in_the_json(environment: Environment, tmp_path: Path) -> None:
    request = ConvertRequest(str(_FOLDER), str(tmp_path), quants=("F16",), json=True)

    with pytest.raises(CanariesFailed):
        run_convert(request, environment)

    told = json.loads(_out(environment))
    assert told["outcome"] == "converted"
    assert told["files"][0]["canaries"]["problem"]
    assert told["error"]["type"] == "CanariesFailed"


def test_a_plan_writes_nothing(environment: Environment, tmp_path: Path) -> None:
    request = ConvertRequest(str(_FOLDER), str(tmp_path), dry_run=True, json=True)

    assert run_convert(request, environment) is Exit.OK

    path = tmp_path / "llama-5-Q4_K_M.gguf"
    assert json.loads(_out(environment)) == {
        "schema": 1,
        "command": "convert",
        "outcome": "planned",
        "architecture": "llama",
        "parameters": 186_448,
        "repo": None,
        "revision": None,
        "files": [{"path": str(path), "quant": "Q4_K_M"}],
    }
    assert f"would write {path}" in _err(environment)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("source", ["nowhere", "a/b/c", "../Guard", "./owner/Guard", "/owner"])
def test_what_is_neither_folder_nor_repo_is_said_to_be_no_folder(
    source: str, environment: Environment
) -> None:
    with pytest.raises(UsageError, match="no folder on this machine"):
        run_convert(ConvertRequest(source), environment)


def test_a_file_is_no_folder(environment: Environment, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"")

    with pytest.raises(UsageError, match="no folder on this machine"):
        run_convert(ConvertRequest(str(path)), environment)


def test_a_folder_has_no_revisions(environment: Environment) -> None:
    with pytest.raises(UsageError, match="--revision is of a repo"):
        run_convert(ConvertRequest(str(_FOLDER), revision="main"), environment)


def _untried(out: str | None, **settings: Any) -> ConvertRequest:
    """Ask to convert random weights, which no canary would pass."""
    return ConvertRequest(str(_FOLDER), out, canaries=False, **settings)
