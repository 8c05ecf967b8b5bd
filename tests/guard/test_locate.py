"""From what is asked for to a file: a model, a model:QUANT, or a path."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from seaguard_cli.errors import UnknownModel, WeightsUnreadable
from seaguard_cli.weights import Catalogue, load_catalogue, locate

CATALOGUE = load_catalogue()


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "My-Guard.Q4_K_M.gguf"
    path.write_bytes(b"GGUF\x03\x00\x00\x00")
    return path


@pytest.fixture
def with_tiny(weights: Path) -> Catalogue:
    """The catalogue, with a file for the embedded model."""
    tiny = replace(CATALOGUE.models["tiny"], embedded=weights)
    return replace(CATALOGUE, models={**CATALOGUE.models, "tiny": tiny})


@pytest.mark.parametrize("asked", ["tiny", "tiny:Q8_0"])
def test_the_embedded_model_is_called_by_name_and_quant(
    asked: str, with_tiny: Catalogue, weights: Path
) -> None:
    found = locate(asked, with_tiny)
    assert (found.path, found.label) == (weights, "tiny:Q8_0")
    assert found.model is with_tiny.models["tiny"]


def test_a_path_is_called_by_its_stem(weights: Path) -> None:
    found = locate(str(weights), CATALOGUE)
    assert (found.path, found.label, found.model) == (weights, "My-Guard.Q4_K_M", None)


def test_a_path_may_hold_a_colon(tmp_path: Path) -> None:
    path = tmp_path / "a:b.gguf"
    path.write_bytes(b"GGUF")
    assert locate(str(path), CATALOGUE).label == "a:b"


def test_a_path_may_begin_at_home(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(weights.parent))
    monkeypatch.setenv("USERPROFILE", str(weights.parent))
    assert locate(f"~/{weights.name}", CATALOGUE).path == weights


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "nothing",
        "qwen-5b",
        "QWEN-4B",
        "./qwen-4b",
        "~nobody-of-that-name/model.gguf",
        "How do I bake bread? " * 40,
        "nul\0nul",
    ],
)
def test_what_is_neither_a_model_nor_a_file_is_unknown(
    asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownModel) as raised:
        locate(asked, CATALOGUE)
    assert raised.value.facts["model"] == asked
    assert "qwen-sea-guard-4b" in str(raised.value.facts["known"])


@pytest.mark.parametrize("content", [b"", b"GG", b"PK\x03\x04", b"ggjt", b"gguf"])
def test_a_file_that_is_no_gguf_is_unreadable(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(WeightsUnreadable) as raised:
        locate(str(path), CATALOGUE)
    assert raised.value.facts["path"] == str(path)


def test_a_folder_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnreadable):
        locate(str(tmp_path), CATALOGUE)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads anything")
def test_a_file_that_may_not_be_read_is_unreadable(weights: Path) -> None:
    weights.chmod(0)
    with pytest.raises(WeightsUnreadable):
        locate(str(weights), CATALOGUE)


def test_an_embedded_model_whose_file_is_gone_is_unreadable(
    with_tiny: Catalogue, weights: Path
) -> None:
    weights.unlink()
    with pytest.raises(WeightsUnreadable):
        locate("tiny", with_tiny)
