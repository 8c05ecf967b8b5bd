"""What the Hub says of repos and files, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from seaguard_cli.weights.quants import Named, read_name


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as its repo lists it; the size is None where the listing does not say it."""

    path: str
    size: int | None

    @property
    def named(self) -> Named | None:
        """Give what its name tells, or None when it is no GGUF of a model."""
        return read_name(self.path)


@dataclass(frozen=True, slots=True)
class Repo:
    """A repo at one commit."""

    name: str
    commit: str
    downloads: int
    licence: str | None
    base_models: tuple[str, ...]
    files: tuple[Listed, ...]

    @property
    def quants(self) -> dict[str, int | None]:
        """Give the quants of its GGUFs and the size of each, as far as it is known."""
        found: dict[str, int | None] = {}
        for file in self.files:
            if named := file.named:
                known = found.get(named.quant, 0)
                # A repo may have a quant whole and split, or plain and with an imatrix.
                if named.parts == 1:
                    found[named.quant] = file.size
                elif known is not None and file.size is not None:
                    found[named.quant] = known + file.size
        return found


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file at one commit, and what it has to be.

    A large file is known by its SHA-256, a small one by git's hash of it; a mirror may state
    neither.
    """

    repo: str
    commit: str
    path: str
    url: str
    size: int
    sha256: str | None
    git_hash: str | None

    @property
    def name(self) -> str:
        """Give the file's name without its folder."""
        return self.path.rpartition("/")[2]
