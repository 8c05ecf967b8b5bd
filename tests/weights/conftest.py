"""A person's empty home, a loopback Hub, and no patience."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from seaguard_cli.weights import Store
from seaguard_cli.weights.hub import patience
from seaguard_cli.weights.hub.patience import Patience

from .loopback import Hub, running


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without settings, weights or tokens; nothing can reach beyond loopback."""
    for name in list(os.environ):
        if name.startswith(("SEAGUARD_", "HF_", "HUGGING")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    for kind in ("config", "cache", "data", "state"):
        monkeypatch.setenv(f"XDG_{kind.upper()}_HOME", str(tmp_path / kind))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    # huggingface_hub has read these when it was imported.
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf" / "hub"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "hf" / "token"))
    # The tests share their processors, and a small model gains nothing by a second one.
    monkeypatch.setenv("SEAGUARD_THREADS", "1")
    monkeypatch.setattr("seaguard_cli.engine.machine.usable_processors", lambda: 1)
    return tmp_path


@pytest.fixture
def store(home: Path) -> Store:
    """The weights folder of that home."""
    return Store(home / "data" / "seaguard" / "weights")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, each time; in truth not at all."""
    waited: list[float] = []
    monkeypatch.setattr(patience, "usual", Patience(sleep=waited.append))
    return waited


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, waits: list[float]) -> Iterator[Hub]:
    """A running Hub, which HF_ENDPOINT names."""
    with running() as one:
        monkeypatch.setenv("HF_ENDPOINT", one.endpoint)
        yield one
