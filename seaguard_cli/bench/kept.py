"""What `bench` found, kept in the state folder: for these weights, on this machine.

A file of its own for each, so that a home that several machines share serves all of them. What was
found with another llama.cpp counts for nothing, and neither does what cannot be read.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, fields
from hashlib import blake2b
from pathlib import Path
from typing import get_type_hints

from seaguard_cli import sound
from seaguard_cli.engine.facts import Found, Machine
from seaguard_cli.state import make_private, state_folder

# To be raised by whoever changes what is measured, or what its settings mean.
_VERSION = 1
_PROCESSOR_LINES = 4096


def kept_for(path: Path) -> Found | None:
    """Give what was found for the GGUF at `path`, if it is known which weights these are.

    Hashes nothing and raises nothing: what is not known at once is measured anew some day.
    """
    if not _folder().is_dir():
        return None
    from seaguard_cli.engine.machine import machine_here
    from seaguard_cli.weights.digest import known_digest

    with suppress(OSError):
        if digest := known_digest(path):
            return load(digest.hashes, machine_here())
    return None


def load(hashes: Sequence[str], machine: Machine) -> Found | None:
    """Give what was kept for weights with these hashes on this machine."""
    try:
        said = json.loads(place(hashes, machine).read_bytes())
        if said["version"] != _VERSION or said["library"] != _library():
            return None
        found = sound.members(said["found"])
        return Found(**found) if _is_sound(found) else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def keep(hashes: Sequence[str], machine: Machine, found: Found) -> Path:
    """Keep what was found, in place of what was. Raises OSError."""
    from seaguard_cli.weights.store import replace_with

    where = place(hashes, machine)
    said = {"version": _VERSION, "library": _library(), "found": asdict(found)}
    make_private(where.parent.parent)
    make_private(where.parent)
    replace_with(where, json.dumps(said).encode())
    return where


def place(hashes: Sequence[str], machine: Machine) -> Path:
    """Give the file for weights with these hashes on this machine."""
    which = [*hashes, _processor(), machine.processors, sorted(machine.features)]
    which += [gpu.name for gpu in machine.gpus]
    name = blake2b(json.dumps(which).encode(), digest_size=16).hexdigest()
    return _folder() / f"{name}.json"


def _folder() -> Path:
    return state_folder() / "bench"


def _library() -> list[str]:
    from seaguard_cli.engine.library import library_version

    return list(library_version())


def _processor() -> str:
    """Give the processor's name."""
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        for line in file.read(_PROCESSOR_LINES).splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return f"{platform.machine()} {platform.processor()}"


def _is_sound(found: dict[str, object]) -> bool:
    """Tell whether each setting has its type, and a size that a plan could work with."""
    hints = get_type_hints(Found)
    typed = all(
        isinstance(found.get(one.name), hints[one.name])
        and isinstance(found.get(one.name), bool) <= (hints[one.name] is not int)
        for one in fields(Found)
    )
    least = {"threads": 1, "ubatch": 32, "batch": 32, "gpu_layers": -1}
    return typed and all(int(str(found[name])) >= size for name, size in least.items())
