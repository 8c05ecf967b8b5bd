"""The machine as llama.cpp tells of it, with stand-ins for its library."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Any

import pytest

from seaguard_cli.engine import machine
from seaguard_cli.engine.facts import Gpu
from seaguard_cli.engine.machine import devices_in, features_in, machine_here


@pytest.mark.parametrize(
    ("said", "features"),
    [
        ("CPU : SSE3 = 1 | AVX2 = 1 | AVX512 = 0 | REPACK = 1 | ", {"SSE3", "AVX2", "REPACK"}),
        ("CPU : NEON = 1 | MATMUL_INT8 = 1 | SVE_CNT = 16 | ", {"NEON", "MATMUL_INT8"}),
        ("CUDA : ARCHS = 890 | USE_GRAPHS = 1 | CPU : AVX = 1 | ", {"USE_GRAPHS", "AVX"}),
        ("", set()),
    ],
)
def test_features_are_those_that_are_on(said: str, features: set[str]) -> None:
    assert features_in(said) == features


def test_this_machine_has_a_processor() -> None:
    assert machine_here().processors >= 1
    assert machine_here().features


_USING = "llama_prepare_model_devices: using device "


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ([], ""),
        (["CUDA0 (NVIDIA H200) (0000:19:00.0) - 142000 MiB free"], "NVIDIA H200"),
        (
            ["Vulkan0 (llvmpipe (LLVM 15.0.6, 256 bits)) (unknown id) - 8 MiB free"],
            "llvmpipe (LLVM 15.0.6, 256 bits)",
        ),
        (
            [
                "CUDA0 (NVIDIA L4) (0000:19:00.0) - 22000 MiB free",
                "CUDA1 (NVIDIA H200) (0000:1a:00.0) - 142000 MiB free",
                "CUDA2 (NVIDIA L4) (0000:1b:00.0) - 21000 MiB free",
                # A second model of the same process.
                "CUDA0 (NVIDIA L4) (0000:19:00.0) - 12000 MiB free",
            ],
            "2 x NVIDIA L4, NVIDIA H200",
        ),
    ],
)
def test_the_gpus_that_are_used_are_named_as_their_makers_name_them(
    lines: list[str], named: str
) -> None:
    said = [f"{_USING}{line}\n" for line in lines]
    skipped = "skipping device Vulkan0 (L4) with id 0 - already using device CUDA0 (L4) with the"
    assert devices_in([skipped, *said]) == named


class Devices:
    """ggml's list of devices: (type, name, free bytes)."""

    def __init__(self, *listed: tuple[int, str, int]) -> None:
        self.listed = listed
        self.ggml_backend_dev_count = lambda: len(listed)
        self.ggml_backend_dev_get = lambda number: number
        self.ggml_backend_dev_type = lambda number: listed[number][0]
        self.ggml_backend_dev_description = lambda number: listed[number][1].encode()

    def ggml_backend_dev_memory(self, number: int, free: Any, total: Any) -> None:
        ctypes.cast(free, ctypes.POINTER(ctypes.c_size_t))[0] = self.listed[number][2]


@pytest.mark.parametrize(
    ("devices", "gpus"),
    [
        (
            Devices((0, "CPU", 9), (1, "H200", 10**11), (1, "L4", 10**10), (3, "BLAS", 1)),
            (Gpu("H200", 10**11), Gpu("L4", 10**10)),
        ),
        (Devices((2, "Apple M3", 0), (0, "CPU", 9)), (Gpu("Apple M3"),)),
        (Devices((0, "CPU", 9)), (Gpu("a GPU"),)),
        # llama.cpp loads nothing to a GPU without a memory of its own beside one that has it.
        (Devices((2, "Iris Xe", 9), (1, "RTX 4060", 8), (0, "CPU", 9)), (Gpu("RTX 4060", 8),)),
    ],
)
def test_every_gpu_is_named_with_its_memory(
    devices: Devices, gpus: tuple[Gpu, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    library = SimpleNamespace(
        llama_supports_gpu_offload=lambda: True, llama_print_system_info=lambda: b"CPU : AVX = 1"
    )
    monkeypatch.setattr(machine, "llama", lambda: library)
    monkeypatch.setattr(machine, "ggml", lambda: devices)
    assert machine_here().gpus == gpus
