"""What `seaguard convert` was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seaguard_cli.errors import UsageError
from seaguard_cli.weights.convert import DEFAULT
from seaguard_cli.weights.schema import is_repo

_REMEDY = (
    "name the folder of a checkpoint, or its repo on the Hub as OWNER/NAME; a known model is "
    "fetched and converted with `seaguard pull MODEL --build`"
)


@dataclass(frozen=True, slots=True)
class ConvertRequest:
    """What the person asked for: one attribute an option.

    `source` is a folder, or OWNER/NAME on the Hub. `threads` is for quantising, 0 for all.
    """

    source: str
    out: str | None = None
    quants: tuple[str, ...] = (DEFAULT,)
    revision: str | None = None
    keep: bool = False
    offline: bool = False
    overwrite: bool = False
    threads: int = 0
    canaries: bool = True
    dry_run: bool = False
    json: bool = False

    @property
    def target(self) -> Path:
        """Give the file or folder to write: else the folder that one is in."""
        return Path(self.out).expanduser() if self.out else Path()

    @property
    def folder(self) -> Path | None:
        """Give the folder to convert, None when it is a repo. Raises UsageError."""
        folder = Path(self.source).expanduser()
        if folder.is_dir():
            if self.revision:
                problem = f"--revision is of a repo, and {self.source} is a folder here"
                raise UsageError(problem=problem, remedy="leave it out")
            return folder
        if folder.exists() or not is_repo(self.source):
            problem = f"{self.source} is no folder on this machine"
            raise UsageError(problem=problem, remedy=_REMEDY)
        return None
