"""The `seaguard` command."""

from __future__ import annotations

import sys


def run() -> None:
    """Run the command line of this process and leave with its exit status."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        from seaguard_cli import __version__

        print(f"seaguard {__version__}")
        return
    from seaguard_cli.cli.environment import process_environment
    from seaguard_cli.cli.main import run as run_command

    sys.exit(run_command(process_environment(arguments)))


if __name__ == "__main__":
    run()
