"""The random key of this installation: without it nothing in the cache can be tied to a text."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from seaguard_cli.errors import CacheDamaged

_BYTES = 32


def secret_at(path: Path) -> bytes:
    """Give the key in the file at `path`, made by the first that asks for it.

    Raises CacheDamaged when the file holds something else, and OSError.
    """
    try:
        return _read(path)
    except FileNotFoundError:
        new = _written(path)
    try:
        # Fails when another process was faster; its key is the one that counts.
        os.link(new, path)
    except FileExistsError:
        pass
    except OSError:
        # A file system without links: the last of two processes wins, and the database, which
        # knows whose it is, takes nothing from the other.
        new.replace(path)
    finally:
        with suppress(OSError):
            new.unlink()
    return _read(path)


def renew_secret(path: Path) -> bytes:
    """Put a new key in place of any that is there. Raises OSError."""
    _written(path).replace(path)
    return _read(path)


def _read(path: Path) -> bytes:
    secret = path.read_bytes()
    if len(secret) != _BYTES:
        raise CacheDamaged(path=str(path), reason=f"it has {len(secret)} bytes and not {_BYTES}")
    return secret


def _written(path: Path) -> Path:
    """Write a new key to a file of its own beside `path`, which nobody else may read."""
    new = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with open(os.open(new, flags, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            new.unlink()
        raise
    return new
