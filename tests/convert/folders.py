"""Checkpoints to spoil: copies, and their parts opened to be changed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from convert.recipes import RECIPES


def copied(name: str, to: Path) -> Path:
    """A copy of a tiny checkpoint."""
    folder = to / name
    shutil.copytree(RECIPES[name].folder, folder)
    return folder


@contextmanager
def changed(path: Path) -> Iterator[dict[str, Any]]:
    """A JSON file to change."""
    table = json.loads(path.read_text(encoding="utf-8"))
    yield table
    path.write_text(json.dumps(table), encoding="utf-8")


@contextmanager
def text_config(folder: Path) -> Iterator[dict[str, Any]]:
    """The text part of a configuration, to change."""
    with changed(folder / "config.json") as config:
        yield config.get("text_config", config)


@contextmanager
def header(path: Path) -> Iterator[dict[str, Any]]:
    """The header of a safetensors file, to change; the tensors stay."""
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    table = json.loads(data[8:end])
    yield table
    written = json.dumps(table).encode()
    path.write_bytes(len(written).to_bytes(8, "little") + written + data[end:])


def first_values(path: Path, name: str, values: bytes) -> None:
    """Overwrite the first bytes of a tensor."""
    data = bytearray(path.read_bytes())
    end = 8 + int.from_bytes(data[:8], "little")
    start = end + json.loads(data[8:end])[name]["data_offsets"][0]
    data[start : start + len(values)] = values
    path.write_bytes(data)
