"""The machine as llama.cpp sees it: processors, their features, and the GPUs that it can use."""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Iterable

from seaguard_cli.engine.facts import Gpu, Machine
from seaguard_cli.engine.library import ggml, llama
from seaguard_cli.engine.processors import usable_processors

# ggml-backend.h, enum ggml_backend_dev_type: a GPU with its own memory, and one that shares it.
_GPU, _INTEGRATED = 1, 2
# llama.cpp, llama_prepare_model_devices: its own name for the device, its maker's, where it is.
_USING = re.compile(r": using device (\S+) \((.+)\) \([^()]*\) - \d+ MiB free")


def machine_here() -> Machine:
    """Give this machine."""
    lib = llama()
    gpus = (tuple(_gpus()) or (Gpu("a GPU"),)) if lib.llama_supports_gpu_offload() else ()
    return Machine(
        usable_processors(),
        features_in(lib.llama_print_system_info().decode("utf-8", "replace")),
        gpus,
    )


def features_in(said: str) -> frozenset[str]:
    """Give the features that a line such as "CPU : AVX2 = 1 | FMA = 0 |" says there are."""
    parts = (part.rpartition(":")[2].partition("=") for part in said.split("|"))
    return frozenset(name.strip() for name, _, value in parts if value.strip() == "1")


def devices_in(lines: Iterable[str]) -> str:
    """Give in words which accelerators llama.cpp says it loads to, "" for none."""
    named = {match[1]: match[2] for line in lines if (match := _USING.search(line))}
    counts = Counter(named.values())
    return ", ".join(f"{count} x {name}" if count > 1 else name for name, count in counts.items())


def _gpus() -> list[Gpu]:
    """Give the GPUs that llama.cpp loads to: those with a memory of their own, if there are any."""
    lib = ggml()
    found: dict[int, list[Gpu]] = {_GPU: [], _INTEGRATED: []}
    for number in range(lib.ggml_backend_dev_count()):
        device = lib.ggml_backend_dev_get(number)
        kind = lib.ggml_backend_dev_type(device)
        if kind in found:
            free, total = ctypes.c_size_t(0), ctypes.c_size_t(0)
            lib.ggml_backend_dev_memory(device, ctypes.byref(free), ctypes.byref(total))
            name = lib.ggml_backend_dev_description(device).decode("utf-8", "replace")
            # Where a driver does not tell, llama.cpp gives 0.
            found[kind].append(Gpu(name, free.value or None))
    return found[_GPU] or found[_INTEGRATED]
