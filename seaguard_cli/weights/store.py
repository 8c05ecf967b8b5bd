"""seaguard's own weights folder: which files in it are fetched or built, and so ours to remove.

Beside each model file lies a manifest that says where it came from and what it hashed to. It is
written last: a file without one is not weights yet.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from seaguard_cli import sound
from seaguard_cli.weights.quants import read_name

_SCHEMA = 1
# What a file that is not whole yet has behind its name: see fetch/part.py and fetch/reuse.py.
_ON_THE_WAY = re.compile(r"(?:\.part(?:\.json)?)?(?:\.\d+\.new)?$")
Way = Literal["fetched", "built"]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file: its name in the folder, its name at its source, and what it has to be."""

    name: str
    source: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """One quant of a model on this machine, and where it came from. `at` is a UTC time."""

    model: str
    quant: str
    way: Way
    repo: str
    revision: str | None
    licence: str | None
    at: str
    seaguard: str
    files: tuple[StoredFile, ...]

    @property
    def size(self) -> int:
        """Give the bytes of all files together."""
        return sum(file.size for file in self.files)

    @property
    def label(self) -> str:
        """Give name:QUANT."""
        return f"{self.model}:{self.quant}"


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file of a quant that is no weights yet."""

    path: Path
    quant: str


class Store:
    """The weights folder; it need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def name_of(self, model: str, quant: str, part: int = 1, parts: int = 1) -> str:
        """Give the name that a file has here. llama.cpp finds parts by exactly this ending."""
        number = f"-{part:05d}-of-{parts:05d}" if parts > 1 else ""
        return f"{model}-{quant}{number}.gguf"

    def path_of(self, manifest: Manifest) -> Path:
        """Give the file to open: the first part of a split one."""
        return self.folder / manifest.files[0].name

    def find(self, model: str, quant: str) -> Manifest | None:
        """Give the manifest of a quant that is here."""
        return self._read(self._manifest_path(model, quant))

    def all(self) -> list[Manifest]:
        """Give everything that is here, by name."""
        return list(self._manifests())

    def of(self, model: str) -> list[Manifest]:
        """Give every quant of a model that is here."""
        return [manifest for manifest in self._manifests() if manifest.model == model]

    def damage(self, manifest: Manifest) -> str | None:
        """Give the name of the first file that is gone or has another size: quick, no hash."""
        for file in manifest.files:
            try:
                if (self.folder / file.name).stat().st_size != file.size:
                    return file.name
            except OSError:
                return file.name
        return None

    def write(self, manifest: Manifest) -> None:
        """Make the manifest's files usable weights. Raises OSError."""
        path = self._manifest_path(manifest.model, manifest.quant)
        data = json.dumps({"schema": _SCHEMA, **asdict(manifest)}, indent=2).encode()
        replace_with(path, data)

    def remove(self, manifest: Manifest) -> None:
        """Delete the manifest, and then its files. Raises OSError."""
        self._manifest_path(manifest.model, manifest.quant).unlink(missing_ok=True)
        for file in manifest.files:
            (self.folder / file.name).unlink(missing_ok=True)

    def leftovers(self, model: str, quant: str | None) -> list[Leftover]:
        """Give what an interrupted pull or build of a model has left: files without a manifest."""
        manifests = self.of(model)
        whole = {file.name for manifest in manifests for file in manifest.files}
        found = []
        for path in sorted(self.folder.glob(f"{model}-*.gguf*")):
            name = _ON_THE_WAY.sub("", path.name)
            named = read_name(name)
            ours = named and name == self.name_of(model, named.quant, named.part, named.parts)
            if named and ours and path.name not in whole and quant in (None, named.quant):
                found.append(Leftover(path, named.quant))
        return found

    def _manifest_path(self, model: str, quant: str) -> Path:
        return self.folder / f"{model}-{quant}.json"

    def _manifests(self) -> Iterator[Manifest]:
        for path in sorted(self.folder.glob("*.json")):
            if manifest := self._read(path):
                yield manifest

    def _read(self, path: Path) -> Manifest | None:
        """Give the manifest in a file, None for anything else: it is no weights of ours then."""
        try:
            manifest = _manifest(sound.members(json.loads(path.read_bytes())))
        except (OSError, ValueError, KeyError):
            return None
        return manifest if path == self._manifest_path(manifest.model, manifest.quant) else None


def default_store() -> Store:
    """Give the person's weights folder."""
    from platformdirs import user_data_path

    return Store(user_data_path("seaguard", appauthor=False) / "weights")


def replace_with(path: Path, data: bytes) -> None:
    """Write a small file so that it is there whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with new.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink()
        raise


def _manifest(table: dict[str, Any]) -> Manifest:
    if table["schema"] != _SCHEMA:
        raise ValueError("another schema")
    way: Way = "built" if table["way"] == "built" else "fetched"
    if table["way"] != way:
        raise ValueError("another way")
    if not isinstance(table["files"], list) or not table["files"]:
        raise ValueError("no files")
    return Manifest(
        model=sound.text(table["model"]),
        quant=sound.text(table["quant"]),
        way=way,
        repo=sound.text(table["repo"]),
        revision=None if table["revision"] is None else sound.text(table["revision"]),
        licence=None if table["licence"] is None else sound.text(table["licence"]),
        at=sound.text(table["at"]),
        seaguard=sound.text(table["seaguard"]),
        files=tuple(_stored(sound.members(file)) for file in table["files"]),
    )


def _stored(table: dict[str, Any]) -> StoredFile:
    name = sound.text(table["name"])
    # A manifest speaks of files beside it, and of no others: `rm` believes it.
    if name in ("", "..") or "\0" in name or Path(name).name != name:
        raise ValueError("no file of this folder")
    return StoredFile(
        name,
        sound.text(table["source"]),
        sound.count(table["size"]),
        sound.text(table["sha256"]),
    )
