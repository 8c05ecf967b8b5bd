"""Weights built on this machine: the official checkpoint fetched, converted, put in its place."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from seaguard_cli.errors import StoreFailed
from seaguard_cli.weights.fetch.reuse import sha256_of
from seaguard_cli.weights.hub import Hub
from seaguard_cli.weights.memory_need import weights_size
from seaguard_cli.weights.plan import Plan
from seaguard_cli.weights.pulling import (
    SOURCES,
    Progress,
    fetch_files,
    holding,
    manifest_of,
    register,
    require_room,
)
from seaguard_cli.weights.store import Manifest, Store, StoredFile


def build(
    hub: Hub, plan: Plan, store: Store, progress: Progress, on_wait: Callable[[], None]
) -> Manifest:
    """Fetch an official checkpoint, convert it and make it usable; call it holding the quant.

    What was fetched stays until the conversion is done, and goes then. Raises what fetching and
    converting raise.
    """
    name = plan.model.name
    target = store.folder / store.name_of(name, plan.quant)
    with holding(store, name, SOURCES, on_wait):
        folder = store.source_folder(name) / plan.revision[:12]
        _require_room_for_all(plan, folder)
        fetch_files(hub, plan.files, [folder / file.name for file in plan.files], progress)
        _convert(plan, folder, target, progress)
        manifest = manifest_of(plan, "built", [_hashed(target, progress)])
        register(store, manifest)
        with suppress(OSError):
            shutil.rmtree(store.source_folder(name))
    return manifest


def _convert(plan: Plan, folder: Path, target: Path, progress: Progress) -> None:
    from seaguard_cli.weights.convert import Provenance, Step, convert

    begun: set[tuple[str, str]] = set()

    def at(step: Step) -> None:
        if (step.quant, step.doing) not in begun:
            progress.end()
            begun.add((step.quant, step.doing))
            unit = None if step.doing == "writing" else "tensors"
            progress.begin(f"{step.doing} {step.quant}", step.total, unit=unit)
        progress.at(step.done)

    try:
        convert(
            folder,
            target,
            quants=[plan.quant],
            provenance=Provenance(plan.repo, plan.revision),
            progress=at,
            overwrite=True,
        )
    finally:
        progress.end()


def _require_room_for_all(plan: Plan, folder: Path) -> None:
    """Raise NoRoom when checkpoint, 16-bit file and result would not go on the disk together."""
    have = sum(path.stat().st_size for path in folder.glob("*") if path.is_file())
    shape = plan.model.shape
    made = [weights_size(shape, quant) or 0 for quant in ("F16", plan.quant)] if shape else []
    require_room(folder, max(0, plan.size - have) + sum(made))


def _hashed(path: Path, progress: Progress) -> StoredFile:
    try:
        size = path.stat().st_size
        progress.begin(f"hashing {path.name}", size)
        digest = sha256_of(path, progress.at)
    except OSError as error:
        raise StoreFailed(path=str(path), reason=error.strerror or str(error)) from error
    finally:
        progress.end()
    return StoredFile(path.name, path.name, size, digest)
