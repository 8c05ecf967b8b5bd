"""The folder beside the outputs that a conversion works in, and what killed ones left of theirs.

A workplace holds a file that its process keeps locked: the system takes the lock back when the
process dies, however it dies. It is the first file in there and the last to go.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from seaguard_cli.errors import ConversionFailed
from seaguard_cli.weights.locking import try_lock

_PREFIX = ".seaguard-convert-"
_LOCK = "lock"


@contextmanager
def workplace(folder: Path) -> Iterator[Path]:
    """Give a new folder within `folder` that is gone afterwards, with all that is in it.

    Raises ConversionFailed, also for an OSError while the block runs.
    """
    try:
        place, lock = _begun(folder)
        try:
            yield place
        finally:
            _clear(place)
            lock.close()
            _close(place)
    except OSError as error:
        raise ConversionFailed(path=str(folder), reason=error.strerror or str(error)) from error


def abandoned(folder: Path) -> list[Path]:
    """Give the workplaces in `folder` whose processes are dead."""
    found = []
    for place in sorted(folder.glob(f"{_PREFIX}*")):
        with _taken_over(place) as dead:
            if dead:
                found.append(place)
    return found


def sweep(folder: Path) -> None:
    """Remove the workplaces in `folder` whose processes are dead; those of the living stay."""
    for place in folder.glob(f"{_PREFIX}*"):
        remove(place)


def remove(place: Path) -> None:
    """Remove a workplace, unless a process works in it."""
    with _taken_over(place) as dead:
        if dead:
            _clear(place)
    if dead:
        _close(place)


def _begun(folder: Path) -> tuple[Path, BinaryIO]:
    """Make a workplace; a sweep may take it away again as long as its lock is not held."""
    while True:
        place = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
        try:
            lock = (place / _LOCK).open("xb")
        except FileNotFoundError:
            continue
        if try_lock(lock) is not False and (place / _LOCK).exists():
            return place, lock
        lock.close()


@contextmanager
def _taken_over(place: Path) -> Iterator[bool]:
    """Hold a workplace in its process's stead if that is dead, and tell whether it is.

    Where the file system has no locks nobody can know, and so no one counts as dead.
    """
    if place.is_symlink():
        yield False
        return
    try:
        lock = (place / _LOCK).open("rb+")
    except FileNotFoundError:
        yield _is_empty(place)
        return
    except OSError:
        yield False
        return
    with lock:
        yield try_lock(lock) is True


def _is_empty(place: Path) -> bool:
    try:
        return not any(place.iterdir())
    except OSError:
        return False


def _clear(place: Path) -> None:
    """Remove everything but the lock."""
    for path in place.glob("*"):
        if path.name != _LOCK:
            with suppress(OSError):
                path.unlink()


def _close(place: Path) -> None:
    """Remove the lock and the folder. Windows removes no file that is still open."""
    with suppress(OSError):
        (place / _LOCK).unlink(missing_ok=True)
        place.rmdir()
