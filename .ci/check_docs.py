"""Check README and CHANGELOG: links to files exist, every option named is a real one.

Prints what is wrong and ends with status 1, else with 0.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from typer.main import get_command

from seaguard_cli.cli.app import app

_ROOT = Path(__file__).parent.parent
_PAGES = ("README.md", "CHANGELOG.md", "training/README.md", "benchmarks/README.md")
_ELSEWHERE = {"--no-repack", "--data", "--no-deps", "--upgrade"}
# What pip is told to install llama.cpp for a GPU.
_ELSEWHERE |= {"--extra-index-url", "--force-reinstall", "--no-cache-dir"}


def problems(page: str) -> list[str]:
    text = (_ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    folder = (_ROOT / page).parent
    missing = [f"{page}: no file {link}" for link in links if not (folder / link).exists()]
    known = known_options() | options_of_scripts() | _ELSEWHERE
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) - known
    return missing + [f"{page}: no option {option}" for option in sorted(options)]


def known_options() -> set[str]:
    command = get_command(app)
    commands = [command, *getattr(command, "commands", {}).values()]
    parameters = [one for known in commands for one in known.params]
    return {name for one in parameters for name in (*one.opts, *one.secondary_opts)} | {"--help"}


def options_of_scripts() -> set[str]:
    scripts = (_ROOT / "benchmarks").glob("*.py")
    return {
        option
        for script in scripts
        for option in re.findall(r'"(--[a-z][a-z-]+)"', script.read_text(encoding="utf-8"))
    }


if __name__ == "__main__":
    found = [problem for page in _PAGES for problem in problems(page)]
    print("\n".join(found) or f"{len(_PAGES)} pages: links and options are right")
    sys.exit(1 if found else 0)
