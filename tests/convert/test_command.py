"""`seaguard convert` as its command line calls it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from convert.recipes import RECIPES
from seaguard_cli.cli.convert import ConvertRequest, Fetched, run_convert
from seaguard_cli.cli.environment import Environment, process_environment
from seaguard_cli.errors import CheckpointBroken, UsageError
from seaguard_cli.exits import Exit
from seaguard_cli.weights.convert import Provenance

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
    request = ConvertRequest(str(_FOLDER), str(tmp_path), quants=("Q8_0", "F16"))

    assert run_convert(request, environment) is Exit.OK

    paths = [tmp_path / f"llama-5-{quant}.gguf" for quant in request.quants]
    assert _out(environment).splitlines() == [str(path) for path in paths]
    assert "llama-5-Q8_0.gguf: Q8_0, " in _err(environment)
    assert all(path.is_file() for path in paths)


def test_the_default_is_q4_k_m_in_the_folder_that_one_is_in(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    run_convert(ConvertRequest(str(_FOLDER)), environment)

    assert [path.name for path in tmp_path.iterdir()] == ["llama-5-Q4_K_M.gguf"]
    assert _out(environment) == "llama-5-Q4_K_M.gguf\n"


def test_a_terminal_sees_one_line_rewritten_and_taken_back(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seaguard_cli.cli.progress._REWRITE_EVERY", 0)
    terminal = replace(environment, stderr_terminal=True)

    run_convert(ConvertRequest(str(_FOLDER), str(tmp_path)), terminal)

    shown = _err(environment).split("\r")
    assert any("writing F16" in one for one in shown)
    assert any("quantising Q4_K_M" in one and "tensors" in one for one in shown)
    assert shown[-1].startswith("\x1b[K")


def test_the_result_is_one_json_object(environment: Environment, tmp_path: Path) -> None:
    path = tmp_path / "made.gguf"

    run_convert(ConvertRequest(str(_FOLDER), str(path), quants=("F16",), json=True), environment)

    told = json.loads(_out(environment))
    assert told == {
        "schema": 1,
        "command": "convert",
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


def test_a_repo_is_fetched_by_whoever_can(environment: Environment, tmp_path: Path) -> None:
    asked: list[str] = []

    @contextmanager
    def fetch(repo: str) -> Iterator[Fetched]:
        asked.append(repo)
        yield Fetched(_FOLDER, Provenance(repo, "main"))
        asked.append("done")

    request = ConvertRequest("owner/Guard", str(tmp_path), quants=("F16",), json=True)
    run_convert(request, environment, fetch=fetch)

    assert asked == ["owner/Guard", "done"]
    assert json.loads(_out(environment))["repo"] == "owner/Guard"
    assert (tmp_path / "Guard-F16.gguf").is_file()


@pytest.mark.parametrize("source", ["owner/Guard", "nowhere", "a/b/c"])
def test_what_is_no_folder_is_said_to_be_none(source: str, environment: Environment) -> None:
    with pytest.raises(UsageError, match="no folder on this machine"):
        run_convert(ConvertRequest(source), environment)
