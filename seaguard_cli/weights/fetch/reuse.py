"""A file that the Hub's own cache has is not fetched a second time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from seaguard_cli.weights.hashing import sha256_of
from seaguard_cli.weights.hub import RemoteFile
from seaguard_cli.weights.hub.cache import cached
from seaguard_cli.weights.store import StoredFile


def take_here(file: RemoteFile, target: Path, counted: Callable[[int], None]) -> StoredFile | None:
    """Give a file that an interrupted run has fetched whole already, if its hash proves it."""
    try:
        if not file.sha256 or target.stat().st_size != file.size:
            return None
        right = sha256_of(target, counted) == file.sha256
    except OSError:
        return None
    return StoredFile(target.name, file.path, file.size, file.sha256) if right else None


def take_cached(
    file: RemoteFile, target: Path, counted: Callable[[int], None]
) -> StoredFile | None:
    """Link or copy a file out of the Hub's cache if one of its hash is there, and prove it.

    Gives None when there is none, or none that is whole.
    """
    path = cached(file.repo, file.sha256) if file.sha256 else None
    if path is None:
        return None
    # Never a `.part`: what is appended to a linked file would be appended to the cache's too.
    new = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        if path.stat().st_size != file.size:
            return None
        target.parent.mkdir(parents=True, exist_ok=True)
        _link_or_copy(path, new)
        if sha256_of(new, counted) != file.sha256:
            return None
        new.replace(target)
    except OSError:
        return None
    finally:
        with suppress(OSError):
            new.unlink()
    return StoredFile(target.name, file.path, file.size, str(file.sha256))


def _link_or_copy(path: Path, new: Path) -> None:
    try:
        os.link(path.resolve(), new)
    except OSError:
        shutil.copyfile(path, new)
