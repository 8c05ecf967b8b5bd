"""How much memory this machine has for a model."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

# A container may have less than its machine.
_CGROUP = Path("/sys/fs/cgroup/memory.max")


def memory_here() -> int | None:
    """Give the bytes of memory that this process may come to use, None where nothing tells."""
    sizes = []
    with suppress(AttributeError, ValueError, OSError):
        sizes.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    if sys.platform == "win32":
        sizes.append(_windows_memory())
    with suppress(OSError, ValueError):
        sizes.append(int(_CGROUP.read_text()))
    known = [size for size in sizes if size > 0]
    return min(known) if known else None


if sys.platform == "win32":

    def _windows_memory() -> int:
        import ctypes

        kilobytes = ctypes.c_ulonglong(0)
        ctypes.windll.kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))
        return kilobytes.value * 1024
