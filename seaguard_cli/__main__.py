"""The `seaguard` command."""

from __future__ import annotations

import os
import sys

_INTERRUPTED = 130


def run() -> None:
    """Run the command line of this process and leave with its exit status."""
    try:
        status = _status(sys.argv[1:])
    except KeyboardInterrupt:
        # Before the command itself could take care of it: while Python still imports.
        status = _INTERRUPTED
    sys.exit(status)


def _status(arguments: list[str]) -> int:
    if arguments == ["--version"] and _told_version():
        return 0
    from seaguard_cli.cli.leaving import leave_at_once

    leave_at_once()
    from seaguard_cli.cli.environment import process_environment
    from seaguard_cli.cli.main import run as run_command

    return run_command(process_environment(arguments))


def _told_version() -> bool:
    """Print the version without loading the command line, which words what goes wrong."""
    from seaguard_cli import __version__

    try:
        os.write(1, f"seaguard {__version__}\n".encode())
    except OSError:
        return False
    return True


if __name__ == "__main__":
    run()
