"""Kept heads: what weights made of an instruction's tokens, for the next process with them.

A state holds nothing of any text that was judged. It lies in a file of its own that is checked
against its hash, and put there in one piece: what is damaged, or was made otherwise, is as if it
were not there. All may be deleted at any time.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from seaguard_cli.state import make_private, state_folder
from seaguard_cli.weights.digest import Digest, identity_of

_FILES = 16
_BYTES = 256 * 2**20
_HASH = 32
_ENDING, _UNDONE = ".head", ".new"


class HeadFiles:
    """The kept heads of one GGUF, in a folder for those of all.

    At most 16 are kept, and 256 MiB, the least lately used given up first. `weights` tells which
    file the model is loaded from; where that was changed since, nothing is read or written.
    """

    def __init__(self, weights: Digest, folder: Path) -> None:
        self._weights = weights
        self._folder = folder

    def read(self, key: str) -> bytes | None:
        """Give the state under `key`, whole and as it was written, or None."""
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        state = data[_HASH:]
        if data[:_HASH] != self._hash(key, state) or not self._weights.holds():
            return None
        with suppress(OSError):
            os.utime(path)
        return state

    def write(self, key: str, state: bytes) -> None:
        """Keep a state; where that cannot be, it is not."""
        if len(state) + _HASH > _BYTES or not self._weights.holds():
            return
        new = self._folder / f"{secrets.token_hex(8)}{_UNDONE}"
        try:
            make_private(self._folder.parent)
            make_private(self._folder)
            self._make_room(len(state) + _HASH)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            with open(os.open(new, flags, 0o600), "wb") as file:
                file.write(self._hash(key, state))
                file.write(state)
            new.replace(self._path(key))
        except OSError:
            with suppress(OSError):
                new.unlink()

    def _make_room(self, size: int) -> None:
        """Delete the least lately used, and what a process that was killed has left behind."""
        kept = []
        ours = (path for path in self._folder.iterdir() if path.suffix in (_ENDING, _UNDONE))
        for path in ours:
            with suppress(OSError):
                found = path.stat()
                kept.append((found.st_mtime_ns, found.st_size, path))
        kept.sort()
        total = sum(one[1] for one in kept) + size
        while kept and (total > _BYTES or len(kept) >= _FILES):
            _, freed, path = kept.pop(0)
            total -= freed
            with suppress(OSError):
                path.unlink()

    def _path(self, key: str) -> Path:
        name = blake2b(self._full(key), digest_size=16).hexdigest()
        return self._folder / f"{name}{_ENDING}"

    def _hash(self, key: str, state: bytes) -> bytes:
        found = blake2b(self._full(key), digest_size=_HASH)
        found.update(state)
        return found.digest()

    def _full(self, key: str) -> bytes:
        return f"{'-'.join(self._weights.hashes)} {key} ".encode()


def heads_of(path: Path, folder: Path | None = None) -> HeadFiles | None:
    """Give the kept heads of the GGUF at `path`, to be asked for before it is loaded.

    None where nothing tells the file from what it may have been before, or may be soon.
    """
    weights = identity_of(path)
    return HeadFiles(weights, folder or state_folder() / "heads") if weights else None
