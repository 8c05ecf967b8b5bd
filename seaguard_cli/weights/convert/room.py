"""Whether the disk has room for what a conversion writes."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from seaguard_cli.errors import NoRoomToConvert
from seaguard_cli.weights.convert.configuration import Configuration
from seaguard_cli.weights.convert.quants import FLOATS
from seaguard_cli.weights.convert.writing import Source
from seaguard_cli.weights.memory_need import weights_size
from seaguard_cli.weights.model import Shape

# The vocabulary, and estimates that are good to a few percent.
_VOCABULARY = 32 * 2**20
_SLACK = 1.03


def require_room(folder: Path, source: Source, quants: Iterable[str], between: str | None) -> None:
    """Raise NoRoomToConvert unless `folder` can take a file of each quant and the one between."""
    tied = not any(tensor.name == "output.weight" for tensor in source.tensors)
    shape = _shape(source.configuration, tied)
    needed = source.size(between) if between else 0
    for quant in quants:
        exact = source.size(quant) if quant in FLOATS else None
        estimate = (weights_size(shape, quant) or source.size("F16")) * _SLACK
        needed += (round(estimate) if exact is None else exact) + _VOCABULARY
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NoRoomToConvert(folder=str(folder), need=needed, free=free)


def room_before(configuration: Configuration, stored: int, quants: Sequence[str]) -> int:
    """Give the bytes that a conversion writes whose safetensors, of `stored` bytes, are to come.

    The file in between has the type of the checkpoint: without its images it is no larger.
    """
    shape = _shape(configuration, configuration.tied)
    between = stored if any(quant not in FLOATS for quant in quants) else 0
    sizes = (weights_size(shape, quant) or stored for quant in quants)
    return between + sum(round(size * _SLACK) + _VOCABULARY for size in sizes)


def _shape(one: Configuration, tied: bool) -> Shape:
    return Shape(
        layers=one.layers,
        hidden=one.hidden,
        heads=one.heads,
        kv_heads=one.kv_heads,
        head_dim=one.head_dim,
        ffn=one.feed_forward,
        vocabulary=one.vocabulary,
        tied=tied,
    )
