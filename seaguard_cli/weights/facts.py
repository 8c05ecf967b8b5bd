"""What is known of a GGUF before it is loaded: read from the beginning of its file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seaguard_cli.engine.facts import ModelFacts
from seaguard_cli.errors import WeightsUnreadable
from seaguard_cli.weights.digest import parts_of
from seaguard_cli.weights.header import Start, read_start
from seaguard_cli.weights.memory_need import quant_sizes
from seaguard_cli.weights.model import Shape

# llama.h, enum llama_ftype: what general.file_type says.
FILE_TYPES: Mapping[int, str] = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K",
    11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S",
    17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS",
    23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M",
    30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0",
}  # fmt: skip
# What says more is no model, and llama.cpp has the word on it: nothing is concluded from it here.
_SOUND = 10**7


def facts_of(path: Path, label: str) -> ModelFacts:
    """Give what the GGUF at `path` says of itself, little or nothing where it is not sound."""
    size = _size(path)
    try:
        start = read_start(path)
    except WeightsUnreadable:
        return ModelFacts(label, size)
    return _facts(start, label, size)


def _facts(start: Start, label: str, size: int) -> ModelFacts:
    said = start.metadata
    architecture = said.get("general.architecture")

    def number(key: str, otherwise: int = 0) -> int:
        value = said.get(f"{architecture}.{key}", otherwise)
        sound = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _SOUND
        return int(value) if sound else otherwise

    layers, hidden = number("block_count"), number("embedding_length")
    heads = number("attention.head_count")
    kv_heads = number("attention.head_count_kv")
    each = hidden // heads if heads else 0
    key, value = number("attention.key_length", each), number("attention.value_length", each)
    vocabulary = number("vocab_size", start.tokens if start.tokens <= _SOUND else 0)
    shape = Shape(
        layers, hidden, heads, kv_heads, key, number("feed_forward_length"), vocabulary, tied=False
    )
    file_type = said.get("general.file_type", -1)
    return ModelFacts(
        label=label,
        size=size,
        quant=FILE_TYPES.get(file_type, "") if isinstance(file_type, int) else "",
        layers=layers,
        hidden=hidden,
        heads=heads,
        ffn=shape.ffn,
        cached=layers * kv_heads * (key + value),
        trained_ctx=number("context_length"),
        vocabulary=vocabulary,
        quants=quant_sizes(shape) if kv_heads and shape.ffn and vocabulary else (),
    )


def _size(path: Path) -> int:
    """Give the bytes of all parts."""
    return sum(part.stat().st_size for part in parts_of(path) if part.is_file())
