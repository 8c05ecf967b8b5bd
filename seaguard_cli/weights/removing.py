"""What seaguard fetched or built of a model or a repo, whole or not, and taking it away again."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from seaguard_cli.errors import BeingFetched, StoreFailed
from seaguard_cli.weights import checkpoints, pulling
from seaguard_cli.weights.convert import abandoned, remove
from seaguard_cli.weights.model import Model
from seaguard_cli.weights.store import Leftover, Manifest, Store


@dataclass(frozen=True, slots=True)
class Removal:
    """What would go: whole weights, checkpoints of repos, what interrupted runs have left.

    `name` is what was asked for. `workplaces` are folders of killed conversions.
    """

    name: str
    manifests: tuple[Manifest, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
    repos: tuple[str, ...] = ()
    workplaces: tuple[Path, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.manifests or self.leftovers or self.repos or self.workplaces)


def of_model(store: Store, model: Model, quant: str | None) -> Removal:
    """Give what there is of a quant of a model, or of all of it where none is named."""
    found = store.of(model.name)
    manifests = tuple(one for one in found if quant in (None, one.quant))
    leftovers = tuple(store.leftovers(model.name, quant))
    if quant is not None:
        return Removal(model.short, manifests, leftovers)
    repos = tuple(repo for repo in model.official if checkpoints.folder_of(store, repo).is_dir())
    return Removal(model.short, manifests, leftovers, repos, tuple(abandoned(store.folder)))


def of_repo(store: Store, repo: str) -> Removal:
    """Give what there is of a repo's safetensors."""
    there = checkpoints.folder_of(store, repo).is_dir()
    return Removal(repo, repos=(repo,) if there else ())


def described(store: Store, removal: Removal) -> dict[str, int]:
    """Give what would go by what a person calls it, and the bytes of each."""
    names = {one.label: one.size for one in removal.manifests}
    names |= {f"{one.path.name} (not whole)": _size(one.path) for one in removal.leftovers}
    names |= {
        f"{repo} (safetensors)": _size(checkpoints.folder_of(store, repo)) for repo in removal.repos
    }
    left = "left by a conversion that was killed"
    return names | {f"{path.name} ({left})": _size(path) for path in removal.workplaces}


def take_away(store: Store, model: str | None, removal: Removal) -> None:
    """Delete it all, or nothing if another process is at work on it.

    `model` is the full name of the model it is of. Raises BeingFetched and StoreFailed.
    """

    def busy() -> None:
        raise BeingFetched(model=removal.name)

    held = {one.quant for one in removal.manifests} | {one.quant for one in removal.leftovers}
    try:
        with ExitStack() as stack:
            for quant in sorted(held):
                stack.enter_context(pulling.holding(store, str(model), quant, busy))
            for repo in removal.repos:
                stack.enter_context(checkpoints.holding_repo(store, repo, busy))
            for manifest in removal.manifests:
                store.remove(manifest)
            for leftover in removal.leftovers:
                leftover.path.unlink(missing_ok=True)
            for repo in removal.repos:
                shutil.rmtree(checkpoints.folder_of(store, repo))
            for workplace in removal.workplaces:
                remove(workplace)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreFailed(path=str(error.filename or store.folder), reason=reason) from error


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
