"""One process at a time: a lock that the system takes back when its holder dies."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from seaguard_cli.errors import StoreFailed

_LOOK_AGAIN = 0.2


@contextmanager
def locked(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock at `path`; `on_wait` is called once if another process has it.

    What `on_wait` raises ends the waiting. The file stays: whoever waits has it open. Raises
    StoreFailed.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise StoreFailed(path=str(path), reason=error.strerror or str(error)) from error
    with file:
        waited = False
        # Where there are no locks nothing is to be waited for.
        while try_lock(file) is False:
            if not waited:
                waited = True
                on_wait()
            time.sleep(_LOOK_AGAIN)
        try:
            yield
        finally:
            unlock(file)


if sys.platform == "win32":
    import msvcrt

    def try_lock(file: BinaryIO) -> bool | None:
        """Take the lock on an open file, and tell whether that went; the lock dies with it."""
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def unlock(file: BinaryIO) -> None:
        """Give the lock back."""
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def try_lock(file: BinaryIO) -> bool | None:
        """Take the lock on an open file, and tell whether that went; the lock dies with it.

        None says that this file system has no locks, as some of a network have none.
        """
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return None
        return True

    def unlock(file: BinaryIO) -> None:
        """Give the lock back."""
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_UN)
