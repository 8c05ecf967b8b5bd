"""What a conversion is told, what it tells on the way, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a checkpoint came from: `repo` is owner/name on the Hub, `revision` its commit."""

    repo: str | None = None
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """How far one file is: `done` of `total`, in bytes while writing, in tensors after that."""

    quant: str
    doing: Literal["writing", "quantising"]
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Output:
    """A finished GGUF and its size in bytes."""

    path: Path
    quant: str
    size: int


@dataclass(frozen=True, slots=True)
class Result:
    """What was converted: the architecture's name in GGUF, and the files in the order asked for.

    `parameters` is how many numbers the text part has.
    """

    architecture: str
    parameters: int
    provenance: Provenance
    outputs: tuple[Output, ...]


Progress = Callable[[Step], None]
