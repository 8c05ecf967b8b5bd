"""Whether the disk has room for what a conversion writes."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from seaguard_cli.errors import NoRoomToConvert
from seaguard_cli.weights.convert.quants import FLOATS
from seaguard_cli.weights.convert.writing import Source
from seaguard_cli.weights.memory_need import weights_size
from seaguard_cli.weights.model import Shape

# The vocabulary, and estimates that are good to a few percent.
_VOCABULARY = 32 * 2**20
_SLACK = 1.03


def require_room(folder: Path, source: Source, quants: Iterable[str], between: str | None) -> None:
    """Raise NoRoomToConvert unless `folder` can take a file of each quant and the one between."""
    shape = _shape(source)
    needed = source.size(between) if between else 0
    for quant in quants:
        exact = source.size(quant) if quant in FLOATS else None
        estimate = (weights_size(shape, quant) or source.size("F16")) * _SLACK
        needed += (round(estimate) if exact is None else exact) + _VOCABULARY
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NoRoomToConvert(folder=str(folder), need=needed, free=free)


def _shape(source: Source) -> Shape:
    one = source.configuration
    return Shape(
        layers=one.layers,
        hidden=one.hidden,
        heads=one.heads,
        kv_heads=one.kv_heads,
        head_dim=one.head_dim,
        ffn=one.feed_forward,
        vocabulary=one.vocabulary,
        tied=not any(tensor.name == "output.weight" for tensor in source.tensors),
    )
