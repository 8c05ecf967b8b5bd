"""Nothing of the person's own settings reaches a test, and a guard that needs no model."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .helpers import FakeEngine


@pytest.fixture(autouse=True)
def config_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for this test's `config.toml`; every variable that could speak up is gone."""
    for name in list(os.environ):
        if name.startswith(("SEAGUARD_", "_SEAGUARD", "LC_", "HF_", "PYTHON", "COMP_")):
            monkeypatch.delenv(name)
    for name in ("NO_COLOR", "COLUMNS", "TERM", "LANG", "FORCE_COLOR", "TERMINAL_WIDTH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "config" / "seaguard"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[FakeEngine]:
    """An engine of fixed scores in place of llama.cpp; `SEAGUARD_MODEL` is set to its file."""
    file = tmp_path / "fixed.gguf"
    file.write_bytes(b"GGUF")
    monkeypatch.setenv("SEAGUARD_MODEL", str(file))
    monkeypatch.setattr("seaguard_cli.engine.llamacpp.LlamaEngine", FakeEngine)
    monkeypatch.setattr(FakeEngine, "loads", 0)
    monkeypatch.setattr(FakeEngine, "closed", 0)
    return FakeEngine
