"""What memory a plan takes: pure, rough, and rather too low than too high.

What fits must never be refused. A file that is mapped counts as if all of it were in memory, for
each batch reads all of it: with less, every batch would come from the disk.
"""

from __future__ import annotations

from seaguard_cli.engine.facts import ModelFacts

_F16, _F32 = 2, 4
# The copies of repacked weights beside the file: 1.7 GB of 2.5 were measured with Q4_K_M.
_REPACKED = 0.6


def cache_need(model: ModelFacts, tokens: int, *, float32: bool) -> int:
    """Give the bytes of a KV cache of `tokens`."""
    return tokens * model.cached * (_F32 if float32 else _F16)


def compute_need(model: ModelFacts, ubatch: int) -> int:
    """Give the bytes of what llama.cpp computes a micro-batch in, attention left out."""
    return ubatch * (2 * model.hidden + 2 * model.ffn) * _F32


def attention_need(model: ModelFacts, tokens: int, ubatch: int) -> int:
    """Give the bytes of the attention of a micro-batch to `tokens`, without flash attention."""
    return ubatch * tokens * model.heads * _F32


def weights_need(model: ModelFacts, *, repack: bool, on_gpu: float = 0) -> int:
    """Give the bytes of the weights in the machine's memory; `on_gpu` is the share elsewhere."""
    return int(model.size * (1 - on_gpu) * (1 + _REPACKED * repack))
