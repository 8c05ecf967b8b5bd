"""The quants that can be made here, and the 16-bit file that llama.cpp makes the others from."""

from __future__ import annotations

from collections.abc import Iterable

from seaguard_cli.errors import UsageError
from seaguard_cli.weights.convert.floats import BYTES
from seaguard_cli.weights.convert.safetensors import Stored
from seaguard_cli.weights.convert.tensors import Planned

FLOATS = tuple(BYTES)
# Those below about three bits need an importance matrix, which takes texts to measure.
QUANTISED = (
    "Q8_0",
    "Q6_K",
    "Q5_K_M",
    "Q5_K_S",
    "Q5_1",
    "Q5_0",
    "Q4_K_M",
    "Q4_K_S",
    "IQ4_NL",
    "IQ4_XS",
    "Q4_1",
    "Q4_0",
    "Q3_K_L",
    "Q3_K_M",
    "Q3_K_S",
    "Q2_K",
)
QUANTS = (*FLOATS, *QUANTISED)
DEFAULT = "Q4_K_M"


def require_known(quants: Iterable[str]) -> tuple[str, ...]:
    """Give the quants as they are written, each once. Raises UsageError for an unknown one."""
    asked = tuple(dict.fromkeys(quant.upper() for quant in quants)) or (DEFAULT,)
    for quant in asked:
        if quant not in QUANTS:
            known = ", ".join(QUANTS)
            raise UsageError(problem=f"there is no quant {quant!r}", remedy=f"known are {known}")
    return asked


def file_type(quant: str) -> int:
    """Give llama.cpp's number for a file of this quant."""
    import gguf

    name = "ALL_F32" if quant == "F32" else f"MOSTLY_{quant}"
    return int(gguf.LlamaFileType[name])


def exact_float(tensors: Iterable[Planned]) -> str:
    """Give the smallest type that holds every matrix as it is stored: nothing is rounded twice.

    For the official checkpoints that is BF16, as `convert_hf_to_gguf.py --outtype auto` of
    llama.cpp chooses too. Where it would take F16 though a matrix has 32 bits, this takes F32.
    """
    types = {one.values.dtype for one in tensors if one.matrix and isinstance(one.values, Stored)}
    return types.pop() if len(types) == 1 else "F32"
