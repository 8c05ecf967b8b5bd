"""The person's state folder: what seaguard remembers between runs, and could do without."""

from __future__ import annotations

from pathlib import Path


def state_folder() -> Path:
    """Give the folder; it need not exist yet."""
    from platformdirs import user_state_path

    return user_state_path("seaguard", appauthor=False)


def make_private(folder: Path) -> None:
    """Make a folder that nobody else may look into; one that is there stays as it is.

    Raises OSError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
