"""Fixtures of the Guard's tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seaguard_cli import Guard

from .helpers import FakeEngine

Making = Callable[..., Guard]


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> list[FakeEngine]:
    """The engines that guards opened, none of them llama.cpp."""
    opened: list[FakeEngine] = []

    def engine(*arguments: Any, **named: Any) -> FakeEngine:
        opened.append(FakeEngine(*arguments, **named))
        return opened[-1]

    monkeypatch.setattr("seaguard_cli.engine.llamacpp.LlamaEngine", engine)
    return opened


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A file that is enough of a GGUF for a guard that never loads it."""
    path = tmp_path / "some.model.gguf"
    path.write_bytes(b"GGUF and nothing else")
    return path


@pytest.fixture
def making(engines: list[FakeEngine], model: Path) -> Making:
    """Makes guards that run on the fake engine."""
    return lambda **options: Guard(str(model), **options)
