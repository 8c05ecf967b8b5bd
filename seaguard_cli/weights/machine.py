"""How much memory this machine has for a model."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# A container may have less than its machine.
_CGROUPS = Path("/sys/fs/cgroup")
_CGROUP = _CGROUPS / "memory.max"
_PROC = Path("/proc")
# What numpy and llama.cpp's libraries take of the address space when they are loaded, at the least.
_LIBRARIES = 128 * 2**20


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


def memory_free(proc: Path = _PROC, cgroups: Path = _CGROUPS) -> int | None:
    """Give the bytes that this process may still take, rather too many than too few.

    That is what the system could free, swap and caches included, what the process's own cgroups
    leave, and what `ulimit -v` does. Where only the machine's size is known, it is that.
    """
    sizes = [*_available(proc), *_left_by_cgroups(proc, cgroups), *_left_by_limit(proc)]
    return max(0, min(sizes)) if sizes else memory_here()


def _available(proc: Path) -> Iterator[int]:
    said = _numbers(proc / "meminfo")
    if "MemAvailable:" in said:
        yield (said["MemAvailable:"] + said.get("SwapFree:", 0)) * 1024


def _left_by_cgroups(proc: Path, cgroups: Path) -> Iterator[int]:
    """Give what each cgroup that holds this process leaves, the caches in it counted as free."""
    for line in _read(proc / "self" / "cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers == "":
            places, names = cgroups, ("memory.max", "memory.current", "file")
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_cache")
            places = cgroups / "memory"
        else:
            continue
        # In a container the path may be the one outside of it, and its own group the root.
        within = places / path.strip("/")
        for folder in (within, *(one for one in within.parents if one.is_relative_to(places))):
            limit, used = _read(folder / names[0]).strip(), _read(folder / names[1]).strip()
            if limit.isdecimal() and used.isdecimal():
                yield int(limit) - int(used) + _numbers(folder / "memory.stat").get(names[2], 0)


def _left_by_limit(proc: Path) -> Iterator[int]:
    with suppress(ImportError, ValueError, OSError):
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        pages = _read(proc / "self" / "statm").split()
        if limit != resource.RLIM_INFINITY:
            taken = int(pages[0]) * resource.getpagesize() if pages else 0
            yield limit - taken - _LIBRARIES


def _numbers(path: Path) -> dict[str, int]:
    """Give the first number of each line by the line's first word."""
    lines = (line.split() for line in _read(path).splitlines())
    return {line[0]: int(line[1]) for line in lines if len(line) > 1 and line[1].isdecimal()}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


if sys.platform == "win32":

    def _windows_memory() -> int:
        import ctypes

        kilobytes = ctypes.c_ulonglong(0)
        ctypes.windll.kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))
        return kilobytes.value * 1024
