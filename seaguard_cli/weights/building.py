"""Weights built on this machine: the official checkpoint fetched, converted, put in its place."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from seaguard_cli.errors import NotThisModel, StoreFailed
from seaguard_cli.weights.checkpoints import fetched, have, holding_repo, place_of
from seaguard_cli.weights.convert import (
    Provenance,
    convert,
    read_all_but_weights,
    steps_on,
    sweep,
)
from seaguard_cli.weights.hashing import sha256_of
from seaguard_cli.weights.hub import Hub
from seaguard_cli.weights.memory_need import weights_size
from seaguard_cli.weights.model import Model
from seaguard_cli.weights.plan import Checkpoint, Plan
from seaguard_cli.weights.progress import Progress
from seaguard_cli.weights.pulling import manifest_of, register, require_room
from seaguard_cli.weights.store import Manifest, Store, StoredFile


def build(
    hub: Hub, plan: Plan, store: Store, progress: Progress, on_wait: Callable[[], None]
) -> Manifest:
    """Fetch an official checkpoint, convert it and make it usable; call it holding the quant.

    What was fetched stays until the conversion is done, and goes then. Raises what fetching and
    converting raise.
    """
    checkpoint = Checkpoint(plan.repo, plan.revision, plan.model.licence, plan.files)
    target = store.folder / store.name_of(plan.model.name, plan.quant)
    with holding_repo(store, plan.repo, on_wait):
        # What a killed build has left may take the very room that is needed.
        sweep(store.folder)
        place = place_of(store, plan.repo, plan.revision)
        require_room(place, disk_need(plan) - have(store, checkpoint))
        with fetched(hub, checkpoint, store, progress, ready=partial(_look, plan.model)) as folder:
            _convert(plan, folder, target, progress)
            manifest = manifest_of(plan, "built", [_hashed(target, progress)])
            register(store, manifest)
    return manifest


def _look(model: Model, folder: Path) -> None:
    """Refuse a checkpoint of no use before its weights are fetched."""
    found = read_all_but_weights(folder).architecture
    if model.architecture not in (None, found):
        problem = f"its architecture is {found} and not {model.architecture}"
        remedy = "correct `official` in your models.toml, or try a source"
        raise NotThisModel(model=model.name, problem=problem, remedy=remedy)


def _convert(plan: Plan, folder: Path, target: Path, progress: Progress) -> None:
    with steps_on(progress) as steps:
        convert(
            folder,
            target,
            quants=[plan.quant],
            provenance=Provenance(plan.repo, plan.revision),
            progress=steps,
            overwrite=True,
        )


def disk_need(plan: Plan) -> int:
    """Give the bytes that checkpoint, 16-bit file and result take together while building.

    Where no shape is known each of the two is taken to be as large as the checkpoint.
    """
    shape = plan.model.shape
    sizes = (weights_size(shape, quant) if shape else None for quant in ("F16", plan.quant))
    return plan.size + sum(plan.size if size is None else size for size in sizes)


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
