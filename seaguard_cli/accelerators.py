"""GPUs that are in this machine, whether or not the installed llama.cpp can use them.

What the system shows of a driver is looked at, and no program is run: this is part of each start.
"""

from __future__ import annotations

import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path("/")
_INDEX = "https://abetlen.github.io/llama-cpp-python/whl"
# The CUDA of each wheel on llama-cpp-python's own index, and the oldest driver on Linux that it
# runs with (CUDA Toolkit Release Notes, table "CUDA Toolkit and Minimum Required Driver Version
# for CUDA Minor Version Compatibility": 525 for all of 12; the newest that the driver itself has).
_CUDA_BY_DRIVER = ((550, "cu124"), (545, "cu123"), (535, "cu122"), (525, "cu121"))
_DRIVER = re.compile(r"\b(\d{3,4})\.\d+(?:\.\d+)?\b")


@dataclass(frozen=True, slots=True)
class Accelerator:
    """A kind of GPU: its maker, and the line that installs a llama.cpp that can use it."""

    maker: str
    install: str


def accelerator_here(root: Path = _ROOT, system: str = sys.platform) -> Accelerator | None:
    """Give the GPU that this machine has, by what its drivers show; None where none is seen."""
    if system == "darwin":
        # Only Apple's own processors have a GPU that llama.cpp is worth running on.
        return Accelerator("Apple", _line("GGML_METAL", "metal")) if _is_arm() else None
    if (root / "dev/nvidiactl").exists() and any(root.glob("dev/nvidia[0-9]*")):
        return Accelerator("NVIDIA", _line("GGML_CUDA", _cuda(root)))
    # Windows' Linux has a device of its own, and the driver's library beside it.
    if (root / "dev/dxg").exists() and (root / "usr/lib/wsl/lib/libcuda.so.1").exists():
        return Accelerator("NVIDIA", _line("GGML_CUDA", _CUDA_BY_DRIVER[0][1]))
    if (root / "dev/kfd").exists():
        return Accelerator("AMD", _line("GGML_HIP", None))
    return None


def _line(flag: str, wheels: str | None) -> str:
    """Give the line: it takes a wheel where there is one of this version, and else builds it.

    Without --no-cache-dir pip takes the wheel without a GPU that it has built before.
    """
    from importlib.metadata import version

    index = f" --extra-index-url {_INDEX}/{wheels}" if wheels else ""
    return (
        f'CMAKE_ARGS="-D{flag}=on" pip install --force-reinstall --no-cache-dir --no-deps '
        f"llama-cpp-python=={version('llama-cpp-python')}{index}"
    )


def _cuda(root: Path) -> str:
    """Give the newest CUDA of the wheels that the driver is sure to run, by its version."""
    try:
        said = (root / "proc/driver/nvidia/version").read_text(errors="replace")
    except OSError:
        said = ""
    found = _DRIVER.search(said)
    driver = int(found[1]) if found else 0
    oldest = _CUDA_BY_DRIVER[-1][1]
    return next((cuda for least, cuda in _CUDA_BY_DRIVER if driver >= least), oldest)


def _is_arm() -> bool:
    return platform.machine() == "arm64"
