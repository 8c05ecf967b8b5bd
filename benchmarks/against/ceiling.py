"""The ceiling: llama.cpp's own prefill of one 512-token sequence, with whatever settings are best.

Tries weights repacked and as they are, flash attention on and off, through the C API, and nothing
around it.
"""

from __future__ import annotations

import ctypes
import itertools
import json
import sys
import time
from collections.abc import Iterator

from seaguard_cli.engine.library import llama
from seaguard_cli.engine.processors import usable_processors

_TOKENS, _TRIES = 512, 2


def rates(path: str) -> Iterator[tuple[str, float]]:
    """Give tokens per second by settings."""
    lib = llama()
    for repack in (False, True):
        params = lib.llama_model_default_params()
        params.use_extra_bufts = repack
        params.n_gpu_layers = -1 if lib.llama_supports_gpu_offload() else 0
        model = lib.llama_model_load_from_file(path.encode(), params)
        for flash in (False, True):
            name = f"{'repacked' if repack else 'as in the file'}, flash attention "
            yield name + ("on" if flash else "off"), _rate(model, flash)
        lib.llama_model_free(model)


def _rate(model: object, flash: bool) -> float:
    lib = llama()
    params = lib.llama_context_default_params()
    params.n_ctx = params.n_batch = params.n_ubatch = _TOKENS
    params.n_seq_max = params.n_outputs_max = 1
    params.n_threads = params.n_threads_batch = usable_processors()
    params.flash_attn_type = int(flash)
    params.no_perf = True
    context = lib.llama_init_from_model(model, params)
    words = lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(model))
    tokens = (ctypes.c_int32 * _TOKENS)(*itertools.islice(_ids(words), _TOKENS))
    best = float("inf")
    for _ in range(_TRIES):
        lib.llama_memory_clear(lib.llama_get_memory(context), False)
        began = time.perf_counter()
        assert lib.llama_decode(context, lib.llama_batch_get_one(tokens, _TOKENS)) == 0
        lib.llama_synchronize(context)
        best = min(best, time.perf_counter() - began)
    lib.llama_free(context)
    return _TOKENS / best


def _ids(words: int) -> Iterator[int]:
    return ((7919 * number) % (words - 1000) + 500 for number in itertools.count(1))


if __name__ == "__main__":
    print("\n" + json.dumps(dict(rates(sys.argv[1]))))
