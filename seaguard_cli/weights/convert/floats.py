"""Floating-point numbers from one type to another, a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from seaguard_cli.errors import CheckpointBroken, NotConvertible
from seaguard_cli.weights.convert.safetensors import Stored
from seaguard_cli.weights.convert.tensors import Planned

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BYTES: Mapping[str, int] = {"F32": 4, "F16": 2, "BF16": 2}
# At once; with it go at most two copies as float32.
_CHUNK = 32 * 2**20
# Bits that are all set in what is infinite or not a number.
_EXPONENT = {"F32": 0x7F800000, "F16": 0x7C00, "BF16": 0x7F80}


def encoded(tensor: Planned, target: str) -> Iterator[NDArray[np.uint8]]:
    """Give a tensor's bytes as `target` (F32, F16 or BF16), little-endian, in order.

    Raises CheckpointBroken for a value that is infinite or not a number, and NotConvertible for
    one too large for F16.
    """
    import numpy as np

    if not isinstance(tensor.values, Stored):
        yield tensor.values.astype("<f4").view(np.uint8)
        return
    stored = tensor.values
    # Heads are reordered within a matrix that is not large.
    for chunk in stored.rows(stored.size if tensor.heads else _CHUNK):
        if not _finite(chunk, stored.dtype):
            problem = f"{stored.name} holds values that are infinite or no numbers"
            raise CheckpointBroken(path=str(stored.path), problem=problem)
        if stored.dtype == target and not tensor.heads and not tensor.shift:
            yield chunk
            continue
        values = as_float32(chunk, stored.dtype)
        if tensor.heads:
            values = _neighbours(values, tensor.heads, tensor.shape)
        if tensor.shift:
            values += np.float32(tensor.shift)
        written = as_bytes(values, target)
        if not _finite(written, target):
            problem = f"{stored.name} holds values too large for {target}; take BF16 or F32"
            raise NotConvertible(path=str(stored.path), problem=problem)
        yield written


def as_float32(data: NDArray[np.uint8], dtype: str) -> NDArray[np.float32]:
    """Give numbers stored as F32, F16 or BF16 as float32, exactly, as one new row."""
    import numpy as np

    if dtype == "BF16":
        return (data.view("<u2").astype(np.uint32) << 16).view(np.float32)
    return data.view("<f4" if dtype == "F32" else "<f2").astype(np.float32)


def as_bytes(values: NDArray[np.float32], target: str) -> NDArray[np.uint8]:
    """Give float32 numbers in another type, rounded to the nearest, ties to even."""
    import numpy as np

    if target == "F32":
        return values.astype("<f4", copy=False).view(np.uint8)
    if target == "F16":
        with np.errstate(over="ignore"):
            return values.astype("<f2").view(np.uint8)
    bits = values.view(np.uint32)
    # Half of what is cut off, and one more where the last bit kept is odd.
    bits = bits + (np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1)))
    return (bits >> np.uint32(16)).astype("<u2").view(np.uint8)


def _neighbours(
    values: NDArray[np.float32], heads: int, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Put the two halves of each head's rows in turn: row i beside row i + half."""
    import numpy as np

    halves = values.reshape(heads, 2, shape[0] // heads // 2, shape[1])
    return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(-1)


def _finite(data: NDArray[np.uint8], dtype: str) -> bool:
    exponent = _EXPONENT[dtype]
    bits = data.view("<u4" if dtype == "F32" else "<u2")
    return not bool(((bits & exponent) == exponent).any())
