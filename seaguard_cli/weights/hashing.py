"""The SHA-256 of a file that may be large."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

_BLOCK = 2**20


def sha256_of(path: Path, counted: Callable[[int], None]) -> str:
    """Give a file's SHA-256, telling how many bytes are done. Raises OSError."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
            done += len(block)
            counted(done)
    return digest.hexdigest()
