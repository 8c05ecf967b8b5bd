"""Weights that are not there, not whole or no guard: one sentence, status 4, nothing judged."""

from __future__ import annotations

from pathlib import Path

import pytest
from families.variants import Models

from seaguard_cli.weights import load_catalogue, locate

from .helpers import Ran, check, process

WHOLE = locate("tiny", load_catalogue()).path.read_bytes()


def refused(model: str | Path, *arguments: str) -> str:
    """The sentence that a run with this model ends in."""
    return sentence(check("-m", str(model), *(arguments or ("hello",))))


def sentence(ran: Ran) -> str:
    assert (ran.out, ran.status, len(ran.told)) == (b"", 4, 1), ran
    return ran.told[0].removeprefix("seaguard: error: ")


def test_an_unknown_model_is_told_the_known_ones() -> None:
    told = refused("qwen-40b")
    assert told.startswith("qwen-40b: no model of this name and no such file: ")
    assert all(name in told for name in load_catalogue().models)


@pytest.mark.parametrize("model", ["qwen-4b", "qwen-sea-guard-4b:Q8_0", "tiny:F16"])
def test_a_known_model_that_is_not_here_is_told_where_to_get_it(model: str) -> None:
    told = refused(model)
    assert "its weights are not on this machine" in told
    assert "-m tiny" in told


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    assert refused(tmp_path).startswith(f"{tmp_path}: is a directory: ")


@pytest.mark.parametrize("content", [b"", b"GGU", b"{}\n", b"PK\x03\x04" * 1000])
def test_a_file_that_is_no_gguf(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "weights.gguf"
    file.write_bytes(content)
    assert refused(file) == (
        f"{file}: it is not a GGUF file: check that the file is a GGUF and whole"
    )


@pytest.mark.parametrize("length", [4, 5, 24, 100, 5_000, len(WHOLE) // 4, len(WHOLE) - 1])
def test_a_truncated_gguf(length: int, tmp_path: Path) -> None:
    file = tmp_path / "weights.gguf"
    file.write_bytes(WHOLE[:length])
    told = refused(file)
    assert told.startswith(f"{file}: llama.cpp cannot load it: ")
    assert told.endswith(": check that the file is a GGUF and whole")


def test_a_truncated_gguf_in_a_process_of_its_own(tmp_path: Path) -> None:
    # There llama.cpp itself could write to standard error, or abort.
    file = tmp_path / "weights.gguf"
    file.write_bytes(WHOLE[: len(WHOLE) // 2])
    assert "llama.cpp cannot load it" in sentence(process("check", "-m", str(file), "hello"))


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        ("no-family", "its vocabulary fits no known family"),
        ("two-families", "its vocabulary fits qwen and gemma"),
        ("half-a-family", "'<|im_end|>', which the qwen wrapper needs, is not one token"),
        ("unsafe-in-two", "the verdict 'unsafe' is not one token of its vocabulary"),
    ],
)
def test_a_model_that_is_no_guard(model: str, problem: str, models: Models) -> None:
    told = refused(models[model])
    assert told.startswith(f"{models[model]}: ")
    assert problem in told


def test_the_family_that_is_asked_for_has_to_fit(models: Models) -> None:
    told = refused(models["two-families"], "--family", "llama", "hello")
    assert "which the llama wrapper needs, is not one token of its vocabulary" in told


def test_the_prompt_of_such_a_model_is_not_shown_either(models: Models) -> None:
    refused(models["no-family"], "--show-prompt", "hello")
