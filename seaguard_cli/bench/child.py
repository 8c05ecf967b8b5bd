"""Runs a command and tells, as a line of JSON, its status, its seconds and its peak memory.

A process of its own, and a small one: of a child the system counts as its peak what its parent
had, and the parent may hold gigabytes of weights.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time


def _peak() -> int | None:
    """Give the bytes of the largest child so far, None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main(command: list[str]) -> None:
    """Run `command` to its end; nothing of what it writes is kept but its last line of errors."""
    began = time.monotonic()
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    seconds = time.monotonic() - began
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
    told = {"status": done.returncode, "seconds": seconds, "peak": _peak(), "said": said}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1:])
