"""What a model's file and its run take, computed from its shape: estimates, good to a few percent.

A file that is on this machine has its own size; these say it beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seaguard_cli.weights.model import Shape

# The context that is made unless --ctx says otherwise: see engine/plan.py.
USUAL_CONTEXT = 4096
# llama.cpp's compute buffers, the second context of undecided texts, Python and its libraries.
_MARGIN = 512 * 2**20
_F16_BYTES = 2


@dataclass(frozen=True, slots=True)
class _Bits:
    """Bits a weight, as llama.cpp's quantiser mixes them.

    `raised` hold the value and down projections of about half of the layers, `output` the head
    (and a tied embedding).
    """

    base: float
    raised: float
    output: float


def _even(bits: float) -> _Bits:
    return _Bits(bits, bits, bits)


_Q2_K, _Q3_K, _Q4_K, _Q5_K, _Q6_K, _Q8_0 = 2.625, 3.4375, 4.5, 5.5, 6.5625, 8.5
_BITS: Mapping[str, _Bits] = {
    "F32": _even(32),
    "F16": _even(16),
    "BF16": _even(16),
    "Q8_0": _even(_Q8_0),
    "Q6_K": _even(_Q6_K),
    "Q5_K_M": _Bits(_Q5_K, _Q6_K, _Q6_K),
    "Q5_K_S": _Bits(_Q5_K, _Q5_K, _Q6_K),
    "Q4_K_M": _Bits(_Q4_K, _Q6_K, _Q6_K),
    "Q4_K_S": _Bits(_Q4_K, _Q4_K, _Q6_K),
    "Q3_K_L": _Bits(_Q4_K, _Q5_K, _Q6_K),
    "Q3_K_M": _Bits(_Q3_K, _Q5_K, _Q6_K),
    "Q3_K_S": _Bits(_Q3_K, _Q3_K, _Q6_K),
    "Q2_K": _Bits(_Q2_K, _Q4_K, _Q6_K),
    "Q4_0": _Bits(4.5, 4.5, _Q6_K),
    "Q4_1": _Bits(5, 5, _Q6_K),
    "Q5_0": _Bits(5.5, 5.5, _Q6_K),
    "Q5_1": _Bits(6, 6, _Q6_K),
    "IQ4_NL": _Bits(4.5, _Q5_K, _Q6_K),
    "IQ4_XS": _Bits(4.25, _Q5_K, _Q6_K),
}


def weights_size(shape: Shape, quant: str) -> int | None:
    """Give the size in bytes of a GGUF of this shape; None for a quant that is not known."""
    bits = _BITS.get(quant.removeprefix("UD-"))
    if bits is None:
        return None
    raised_layers = sum(_more_bits(layer, shape.layers) for layer in range(shape.layers))
    value = shape.hidden * shape.kv_heads * shape.head_dim
    down = shape.hidden * shape.ffn
    layer = 2 * shape.hidden * shape.heads * shape.head_dim + 2 * value + 3 * down
    head = shape.vocabulary * shape.hidden
    total = (
        (shape.layers * layer - raised_layers * (value + down)) * bits.base
        + raised_layers * (value + down) * bits.raised
        + head * bits.output
        + (0 if shape.tied else head * bits.base)
    )
    return round(total / 8)


def quant_sizes(shape: Shape) -> tuple[tuple[str, int], ...]:
    """Give the name and the size in bytes of every known quant of a model of this shape."""
    sizes = ((quant, weights_size(shape, quant)) for quant in _BITS)
    return tuple((quant, size) for quant, size in sizes if size is not None)


def cache_size(shape: Shape, tokens: int, *, packed: bool = True) -> int:
    """Give the size in bytes of an F16 KV cache of `tokens`.

    Packed sequences share a cache whose local layers are as large as the others; a single sequence
    needs only the window there.
    """
    a_layer = 2 * shape.kv_heads * shape.head_dim * _F16_BYTES
    if packed or shape.sliding_window is None:
        return tokens * shape.layers * a_layer
    everywhere = shape.layers // shape.global_every
    local = min(tokens, shape.sliding_window) * (shape.layers - everywhere)
    return (tokens * everywhere + local) * a_layer


def memory_need(shape: Shape | None, weights: int) -> int:
    """Give the bytes of memory that a run takes whose weights have `weights` bytes.

    Where no shape is known the margin has to do for the cache.
    """
    return weights + (cache_size(shape, USUAL_CONTEXT) if shape else 0) + _MARGIN


def _more_bits(layer: int, layers: int) -> bool:
    """Tell whether llama.cpp gives this layer more bits: the first and last eighth, and a third."""
    eighth = layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2
