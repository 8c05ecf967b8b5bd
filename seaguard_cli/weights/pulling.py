"""Getting a model's weights onto this machine: fetched whole and right, or not at all.

What `pull` is made of, step by step: plan, or search and choose, then fetch or build.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from pathlib import Path

from seaguard_cli import __version__
from seaguard_cli.errors import Offline, StoreFailed
from seaguard_cli.weights.fetch.part import no_room
from seaguard_cli.weights.fetch.reuse import take_cached, take_here
from seaguard_cli.weights.fetch.transfer import transfer
from seaguard_cli.weights.hub import Hub, RemoteFile
from seaguard_cli.weights.locking import locked
from seaguard_cli.weights.model import Model
from seaguard_cli.weights.plan import (
    Plan,
    plan_from_cache,
    plan_named,
    plan_official,
    plan_source,
)
from seaguard_cli.weights.progress import Progress
from seaguard_cli.weights.search import Building, Found, building, search
from seaguard_cli.weights.store import Manifest, Store, StoredFile, Way

__all__ = [
    "Building",
    "Found",
    "Hub",
    "Plan",
    "Progress",
    "building",
    "fetch",
    "fetch_files",
    "holding",
    "licence_words",
    "manifest_of",
    "plan_from_cache",
    "plan_named",
    "plan_official",
    "plan_source",
    "register",
    "require_room",
    "search",
]

# Left free beside what is fetched: a disk that is full to the last byte helps no one.
_SPARE = 64 * 2**20


def holding(
    store: Store, model: str, quant: str, on_wait: Callable[[], None]
) -> AbstractContextManager[None]:
    """Be the only process that fetches, builds or removes this quant. Raises StoreFailed."""
    return locked(store.folder / ".locks" / f"{model}-{quant}.lock", on_wait)


def fetch(hub: Hub | None, plan: Plan, store: Store, progress: Progress) -> Manifest:
    """Fetch what is planned and make it usable; call it while holding the quant.

    Without a Hub the files have to be in the Hub's cache. Raises HubError, NoRoom and StoreFailed.
    What has come is kept for the next run, unless its
    hash is wrong.
    """
    name, quant, parts = plan.model.name, plan.quant, len(plan.files)
    targets = [store.folder / store.name_of(name, quant, n + 1, parts) for n in range(parts)]
    files = fetch_files(hub, plan.files, targets, progress)
    manifest = manifest_of(plan, "fetched", files)
    register(store, manifest)
    return manifest


def fetch_files(
    hub: Hub | None, files: Sequence[RemoteFile], targets: Sequence[Path], progress: Progress
) -> list[StoredFile]:
    """Fetch files to their targets; without a Hub only the Hub's cache is looked into."""
    _require_room(files, targets)
    stored = []
    for file, target in zip(files, targets, strict=True):
        progress.begin(file.name, file.size)
        try:
            taken = take_here(file, target, progress.at) or take_cached(file, target, progress.at)
            if taken is None and hub is not None:
                taken = transfer(hub, file, target, progress.at)
        finally:
            progress.end()
        if taken is None:
            raise Offline(model=file.name)
        stored.append(taken)
    return stored


def manifest_of(plan: Plan, way: Way, files: Sequence[StoredFile]) -> Manifest:
    """Give the manifest of what has been fetched or built."""
    return Manifest(
        model=plan.model.name,
        quant=plan.quant,
        way=way,
        repo=plan.repo,
        revision=plan.revision,
        licence=plan.model.licence,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        seaguard=__version__,
        files=tuple(files),
    )


def register(store: Store, manifest: Manifest) -> None:
    """Make files usable weights. Raises StoreFailed."""
    try:
        store.write(manifest)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreFailed(path=str(store.folder), reason=reason) from error


def licence_words(model: Model) -> str | None:
    """Give the licence and where it can be read."""
    return model.licence and f"{model.licence}, {model.licence_link or 'see its repo'}"


def _require_room(files: Sequence[RemoteFile], targets: Sequence[Path]) -> None:
    """Raise NoRoom when what is still to come would not go on the disk."""
    missing = 0
    for file, target in zip(files, targets, strict=True):
        have = 0
        with suppress(OSError):
            whole = target if target.exists() else target.with_name(f"{target.name}.part")
            have = whole.stat().st_size
        missing += max(0, file.size - have)
    require_room(targets[0].parent, missing)


def require_room(folder: Path, need: int) -> None:
    """Raise NoRoom when `need` bytes would not go into `folder`, which need not exist yet."""
    with suppress(OSError):
        if shutil.disk_usage(there(folder)).free < need + _SPARE:
            raise no_room(there(folder), need + _SPARE)


def there(folder: Path) -> Path:
    """Give the folder, or the nearest above it that exists: its disk is the one it will be on."""
    return next(place for place in (folder, *folder.parents) if place.exists())
