"""Results as Markdown, a section for each model, in a page that keeps those of the others."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

_TITLE = """# Beside other front ends of llama.cpp

Written by [peers.py](peers.py): the same GGUF, the same prompts, the same machine, each way in a
process of its own, in turn, round after round. A ratio is the median of those of single rounds;
rates are those of the fastest round. Read the ratios: rates belong to this machine, and to what
else it did.
"""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def machine(processors: int) -> str:
    """Give the machine and the versions in a sentence."""
    return (
        f"{_processor()}, {processors} processors usable; {platform.system()}, Python "
        f"{platform.python_version()}, llama-cpp-python {version('llama-cpp-python')}."
    )


def put(path: Path, title: str, text: str) -> None:
    """Put a section into the page, in place of an older one of that title."""
    page = path.read_text(encoding="utf-8") if path.exists() else _TITLE
    head, *sections = page.split("\n## ")
    kept = [one for one in sections if one.partition("\n")[0] != title]
    parts = [head.rstrip(), *(one.rstrip() for one in kept), f"{title}\n\n{text.rstrip()}"]
    path.write_text("\n\n## ".join(parts) + "\n", encoding="utf-8")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
