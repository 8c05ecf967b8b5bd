"""Whether a file is what it should be: its hash, its header, and its tensors within it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seaguard_cli.errors import WeightsError
from seaguard_cli.weights.hashing import sha256_of
from seaguard_cli.weights.header import Header, read_header
from seaguard_cli.weights.model import Model
from seaguard_cli.weights.progress import Progress
from seaguard_cli.weights.store import Manifest, Store

_ARCHITECTURE = "general.architecture"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, whether it is right (None: not known), and what was seen."""

    check: str
    right: bool | None
    seen: str


def check_hash(manifest: Manifest | None, store: Store, progress: Progress) -> Finding:
    """Compare size and SHA-256 of every file with the manifest."""
    if manifest is None:
        return Finding("hash", None, "no manifest says what it should be")
    for file in manifest.files:
        path = store.folder / file.name
        try:
            progress.begin(f"hashing {file.name}", file.size)
            size, digest = path.stat().st_size, sha256_of(path, progress.at)
        except OSError as error:
            return Finding("hash", False, f"{file.name}: {error.strerror or error}")
        finally:
            progress.end()
        if size != file.size:
            return Finding("hash", False, f"{file.name}: {size} bytes and not {file.size}")
        if digest != file.sha256:
            return Finding("hash", False, f"{file.name}: {digest} and not {file.sha256}")
    return Finding("hash", True, f"sha256 {manifest.files[0].sha256}")


def another_model(path: Path, model: Model) -> str | None:
    """Say by what a file shows that it is not the model; None too for one that is no GGUF."""
    try:
        return _other_architecture(read_header(path), model)
    except WeightsError:
        return None


def _other_architecture(header: Header, model: Model | None) -> str | None:
    found, expected = header.metadata.get(_ARCHITECTURE), model.architecture if model else None
    if expected in (None, found):
        return None
    return f"its architecture is {found or 'not told'} and not {expected}"


def check_header(paths: list[Path], model: Model | None) -> Iterator[Finding]:
    """Read the header of every part, and see whether its tensors lie within the file."""
    headers: list[Header] = []
    for path in paths:
        try:
            headers.append(read_header(path))
        except WeightsError as error:
            yield Finding("header", False, f"{path.name}: {error.facts['reason']}")
            return
    if problem := _other_architecture(headers[0], model):
        yield Finding("header", False, problem)
        return
    yield Finding("header", True, str(headers[0].metadata.get(_ARCHITECTURE)))
    for path, header in zip(paths, headers, strict=True):
        if tensor := header.beyond():
            seen = f"{path.name}: {tensor.name} ends at byte {tensor.end} of {header.size}"
            yield Finding("tensors", False, seen)
            return
    count = sum(len(header.tensors) for header in headers)
    yield Finding("tensors", count > 0, f"{count} within the file")
