"""A file that is on its way: what has come of it, and what it has to be when it is whole.

Beside `NAME.part` lies `NAME.part.json`, which says what the bytes belong to. Both outlive a
killed process.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from seaguard_cli.errors import NoRoom, StoreFailed, WrongHash, WrongSize
from seaguard_cli.weights.hub import RemoteFile
from seaguard_cli.weights.store import StoredFile, replace_with

_BLOCK = 2**20
_FULL = (errno.ENOSPC, errno.EDQUOT)

# Told how many bytes are done.
Counted = Callable[[int], None]


class Part:
    """The `.part` of one target; opened by `with`, closed by it and kept."""

    def __init__(self, target: Path, file: RemoteFile) -> None:
        self._target = target
        self._file = file
        self._path = target.with_name(f"{target.name}.part")
        self._state = target.with_name(f"{target.name}.part.json")
        self.have = 0
        self.etag: str | None = None
        self._hash = hashlib.sha256()
        self._git = _git_hash(file)

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: what was written survives the process.
            self._stream = self._path.open("a+b", buffering=0)
        except OSError as error:
            raise StoreFailed(path=str(self._path), reason=_reason(error)) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    def resume(self, counted: Counted) -> None:
        """Take up what an earlier run has left, hashing it anew; drop what is of something else."""
        if not self._is_ours() or os.fstat(self._stream.fileno()).st_size > self._file.size:
            self.start_over()
            return
        self._stream.seek(0)
        while block := self._stream.read(_BLOCK):
            self._count(block)
            counted(self.have)

    def start_over(self) -> None:
        """Drop everything that has come."""
        self._stream.seek(0)
        self._stream.truncate()
        self.have, self.etag = 0, None
        self._hash, self._git = hashlib.sha256(), _git_hash(self._file)
        with suppress(OSError):
            self._state.unlink()

    def begin(self, etag: str | None) -> None:
        """Note what the bytes that come now belong to. Raises NoRoom and StoreFailed."""
        # A weak ETag promises no equal bytes, so it cannot guard a range.
        self.etag = etag if etag and not etag.startswith("W/") else None
        try:
            replace_with(self._state, json.dumps({**self._stated(), "etag": self.etag}).encode())
        except OSError as error:
            raise self._failed(error) from error

    def write(self, block: bytes) -> None:
        """Append what has come. Raises NoRoom, StoreFailed and WrongSize."""
        if self.have + len(block) > self._file.size:
            found = f"{self.have + len(block)} or more"
            self.drop()
            raise WrongSize(file=self._file.path, stated=self._file.size, found=found)
        try:
            view = memoryview(block)
            while view:
                view = view[self._stream.write(view) :]
        except OSError as error:
            raise self._failed(error) from error
        self._count(block)

    def finish(self) -> StoredFile:
        """Compare the hash, and only then give the file its name.

        Raises WrongHash, after which nothing of it is kept, NoRoom and StoreFailed.
        """
        found, file = self._hash.hexdigest(), self._file
        if file.sha256 and found != file.sha256:
            self.drop()
            raise WrongHash(file=file.path, stated=file.sha256, found=found)
        if not file.sha256 and file.git_hash and self._git.hexdigest() != file.git_hash:
            self.drop()
            stated = f"git's {file.git_hash}"
            raise WrongHash(file=file.path, stated=stated, found=f"git's {self._git.hexdigest()}")
        try:
            os.fsync(self._stream.fileno())
            # Windows renames no open file.
            self._stream.close()
            self._path.replace(self._target)
            self._state.unlink(missing_ok=True)
        except OSError as error:
            raise self._failed(error) from error
        sync_folder(self._target.parent)
        return StoredFile(self._target.name, file.path, file.size, found)

    def drop(self) -> None:
        """Remove what has come, and its state."""
        self.start_over()
        with suppress(OSError):
            self._path.unlink()

    def _count(self, block: bytes) -> None:
        self._hash.update(block)
        self._git.update(block)
        self.have += len(block)

    def _stated(self) -> dict[str, object]:
        file = self._file
        return {"url": file.url, "size": file.size, "hash": file.sha256 or file.git_hash}

    def _is_ours(self) -> bool:
        """Tell whether what has come belongs to the file: by its hash, else by its address."""
        try:
            state = json.loads(self._state.read_bytes())
            same_address = state["url"] == self._file.url
            self.etag = state["etag"] if same_address else None
            same = {name: state[name] for name in ("size", "hash")}
        except (OSError, ValueError, KeyError, TypeError):
            return False
        stated = self._stated()
        known = stated["hash"] is not None or same_address
        return known and all(stated[name] == value for name, value in same.items())

    def _failed(self, error: OSError) -> NoRoom | StoreFailed:
        if error.errno in _FULL:
            return no_room(self._target.parent, self._file.size - self.have)
        return StoreFailed(path=str(self._path), reason=_reason(error))


def no_room(folder: Path, need: int) -> NoRoom:
    """Give the error of a full disk."""
    free = 0
    with suppress(OSError):
        free = shutil.disk_usage(folder).free
    return NoRoom(folder=str(folder), need=need, free=free)


def sync_folder(folder: Path) -> None:
    """Make a rename last; not every system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _git_hash(file: RemoteFile) -> hashlib._Hash:
    """Give git's hash of a blob: SHA-1 over its length and its bytes, a checksum and no seal."""
    return hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
