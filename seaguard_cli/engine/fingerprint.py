"""What can move a score beside weights and prompt, as text that two equal ways have in common.

The number of threads and the context are not in it: neither moves a score. A packed score depends
on its neighbours, too; it is one of those that this way could give.
"""

from __future__ import annotations

import ctypes
import json
import os
from importlib.metadata import version
from typing import NamedTuple

from seaguard_cli.engine.grammar import VerdictTokens
from seaguard_cli.engine.library import ggml, llama
from seaguard_cli.engine.plan import Plan
from seaguard_cli.prompt import Family

# To be raised by whoever changes how the same prompt, weights and settings come to a score.
SCORING = 1
# llama.cpp takes some of its numeric choices from these.
_VARIABLES = ("GGML_", "LLAMA_")


class Fingerprint(NamedTuple):
    """What tells scores that are measured alone, and those that are packed, from all others."""

    exact: str
    packed: str


def fingerprint(plan: Plan, family: Family, verdicts: VerdictTokens) -> Fingerprint:
    """Give what scores of this plan on this machine have in common."""
    common = {
        "scoring": SCORING,
        "library": _library(),
        "devices": _devices() if plan.on_gpu else [],
        "control": list(family.control),
        "verdicts": [verdicts.safe, verdicts.unsafe],
    }
    exact = common | {"way": "exact"} | _numbers(plan.exact())
    bounds = {"batch": plan.batch, "sequences": plan.sequences}
    packed = common | {"way": "packed"} | _numbers(plan) | bounds
    return Fingerprint(*(json.dumps(one, sort_keys=True) for one in (exact, packed)))


def _numbers(plan: Plan) -> dict[str, object]:
    return {
        "gpu_layers": plan.gpu_layers,
        "ubatch": plan.ubatch,
        "flash_attention": plan.flash_attention,
        "kv_float32": plan.kv_float32,
        "repack": plan.repack,
    }


def _library() -> list[object]:
    """Give which llama.cpp it is, and which of the processor's instructions it uses."""
    lib = llama()
    commit = ggml().ggml_commit
    commit.restype = ctypes.c_char_p
    variables = sorted(pair for pair in os.environ.items() if pair[0].startswith(_VARIABLES))
    said = (commit(), lib.llama_print_system_info())
    return [
        version("llama-cpp-python"),
        *(one.decode("utf-8", "replace") for one in said),
        variables,
    ]


def _devices() -> list[str]:
    """Give the names of the devices that llama.cpp may put layers on."""
    lib = ggml()
    lib.ggml_backend_dev_count.restype = ctypes.c_size_t
    lib.ggml_backend_dev_get.argtypes = [ctypes.c_size_t]
    lib.ggml_backend_dev_get.restype = ctypes.c_void_p
    lib.ggml_backend_dev_description.argtypes = [ctypes.c_void_p]
    lib.ggml_backend_dev_description.restype = ctypes.c_char_p
    devices = map(lib.ggml_backend_dev_get, range(lib.ggml_backend_dev_count()))
    return [lib.ggml_backend_dev_description(one).decode("utf-8", "replace") for one in devices]
