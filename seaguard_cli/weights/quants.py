"""The names of quants, and how they stand in file names."""

from __future__ import annotations

import re
from dataclasses import dataclass

_QUANT = (
    r"(?:UD-)?(?:IQ[1-4]_(?:XXS|XS|S|M|NL)|T?Q[1-8]_(?:K_(?:XL|S|M|L)|K|0|1)|BF16|F16|F32|MXFP4)"
)
# mradermacher writes Model.Q4_K_M.gguf and Model.i1-Q4_K_M.gguf, others Model-Q4_K_M.gguf.
_AT_END = re.compile(rf"(?:^|[.\-_])({_QUANT})$", re.IGNORECASE)
_PART = re.compile(r"-(\d{5})-of-(\d{5})$")
_NOT_WEIGHTS = ("mmproj", "imatrix")


@dataclass(frozen=True, slots=True)
class Named:
    """What the name of a GGUF tells: its quant, and which part of how many it is."""

    quant: str
    part: int
    parts: int


def read_name(path: str) -> Named | None:
    """Give what a file's path in a repo tells, or None when it is no GGUF of a whole model.

    A split file may lie in a folder that is named after its quant, as
    `Q4_K_M/Model-00001-of-00002.gguf`.
    """
    folder, _, name = path.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    if not dot or suffix.lower() != "gguf" or any(word in name.lower() for word in _NOT_WEIGHTS):
        return None
    part, parts = 1, 1
    if number := _PART.search(stem):
        part, parts, stem = int(number[1]), int(number[2]), stem[: number.start()]
    found = _AT_END.search(stem) or _AT_END.search(folder)
    return Named(found[1].upper(), part, parts) if found else None


def same_file(path: str, name: str) -> bool:
    """Tell whether `path` is the file called `name`, or a part of it."""
    return _PART.sub("", path.removesuffix(".gguf")) == name.removesuffix(".gguf")


def normal(quant: str) -> str:
    """Give a quant as it is written: Q4_K_M for q4_k_m."""
    return quant.upper()
