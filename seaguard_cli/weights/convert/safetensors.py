"""One safetensors file: what it holds, and the bytes of a tensor a few rows at a time.

The format: https://github.com/huggingface/safetensors (README, "Format").
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from seaguard_cli.errors import CheckpointBroken

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LENGTH = 8
# The format's own limit.
_LONGEST_HEADER = 100_000_000
_BITS: Mapping[str, int] = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("I8", "U8", "BOOL"), 8),
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    "F4": 4,
}


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor in a file: its type there, its shape, and where its bytes begin and how many."""

    path: Path
    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    size: int

    def rows(self, most: int) -> Iterator[NDArray[np.uint8]]:
        """Give the bytes of whole rows, at most about `most` bytes at a time, little-endian.

        Read, not mapped: what is mapped counts as resident memory. Raises CheckpointBroken.
        """
        import numpy as np

        row = self.size // self.shape[0] if self.shape and self.shape[0] else self.size
        step = max(1, most // max(1, row)) * row
        try:
            with self.path.open("rb") as file:
                file.seek(self.start)
                for at in range(0, self.size, step or 1):
                    buffer = np.empty(min(step, self.size - at), dtype=np.uint8)
                    if file.readinto(buffer.data) != buffer.size:
                        raise CheckpointBroken(path=str(self.path), problem="it became shorter")
                    yield buffer
        except OSError as error:
            reason = error.strerror or str(error)
            raise CheckpointBroken(path=str(self.path), problem=reason) from error


def read_shard(path: Path) -> dict[str, Stored]:
    """Give the tensors of a file by name, in its order, none of them read.

    Raises CheckpointBroken for a missing, truncated or contradictory file.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            length = int.from_bytes(file.read(_LENGTH), "little")
            if size < _LENGTH or length > min(size - _LENGTH, _LONGEST_HEADER):
                raise _broken(path, f"it ends inside its header, after {size:,} bytes")
            header = json.loads(file.read(length))
    except FileNotFoundError as error:
        raise _broken(path, "it is missing") from error
    except OSError as error:
        raise _broken(path, error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise _broken(path, "its header is not what safetensors has there") from error
    if not isinstance(header, dict):
        raise _broken(path, "its header is not what safetensors has there")
    start = _LENGTH + length
    entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
    tensors = {name: _stored(path, name, entry, start) for name, entry in entries.items()}
    ends = max((one.start + one.size for one in tensors.values()), default=start)
    if ends != size:
        raise _broken(path, f"it has {size:,} bytes where its header tells of {ends:,}")
    return tensors


def _stored(path: Path, name: str, entry: object, start: int) -> Stored:
    entry = entry if isinstance(entry, dict) else {}
    dtype, shape, offsets = (entry.get(key) for key in ("dtype", "shape", "data_offsets"))
    if not isinstance(dtype, str) or dtype not in _BITS:
        raise _broken(path, f"{name} has the type {dtype!r}, which is not known")
    if not (_sizes(shape) and _sizes(offsets) and len(offsets) == 2):
        raise _broken(path, f"its header tells of {name} what cannot be")
    begin, end = offsets
    if (end - begin) * 8 != math.prod(shape) * _BITS[dtype]:
        raise _broken(path, f"its header tells of {name} what cannot be")
    return Stored(path, name, dtype, tuple(shape), start + begin, end - begin)


def _sizes(value: object) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(one) is int and one >= 0 for one in value)


def _broken(path: Path, problem: str) -> CheckpointBroken:
    return CheckpointBroken(path=str(path), problem=problem)
