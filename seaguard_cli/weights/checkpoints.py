"""Checkpoints of the Hub on this machine: fetched for a conversion, and gone when it is done.

Each lies in the weights folder as `sources/OWNER--NAME/COMMIT`. Beside it `COMMIT.json` says, once
it is whole, which one it is, and whether the person wants it kept.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from seaguard_cli.errors import (
    CheckpointBroken,
    NoRoomToConvert,
    NotConvertible,
    NotThisModel,
    RepoBroken,
    StoreFailed,
)
from seaguard_cli.weights.hub import Hub, RemoteFile
from seaguard_cli.weights.plan import Checkpoint
from seaguard_cli.weights.progress import Progress
from seaguard_cli.weights.pulling import fetch_files, holding, require_room, there
from seaguard_cli.weights.store import Store, replace_with

_SOURCES = "sources"
_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Whole:
    """A commit of a repo that is here whole; `keep`: it shall outlast its conversion."""

    repo: str
    revision: str
    keep: bool


def folder_of(store: Store, repo: str) -> Path:
    """Give where every commit of a repo lies; it need not be there."""
    return store.folder / _SOURCES / _flat(repo)


def holding_repo(
    store: Store, repo: str, on_wait: Callable[[], None]
) -> AbstractContextManager[None]:
    """Be the only process that fetches, uses or removes checkpoints of a repo."""
    return holding(store, _flat(repo), _SOURCES, on_wait)


@contextmanager
def fetched(
    hub: Hub,
    checkpoint: Checkpoint,
    store: Store,
    progress: Progress,
    *,
    ready: Callable[[Path], None],
    keep: bool = False,
) -> Iterator[Path]:
    """Fetch a checkpoint and give its folder; call it while holding its repo.

    `ready` is given the folder as soon as all but the weights is in it, and may raise. When the
    block ends well the checkpoint is removed, unless this run or an earlier one wants it kept;
    when it does not, what has come stays for the next run.

    Raises HubError, NoRoom and StoreFailed, and what the block and `ready` find to be wrong with
    the checkpoint by the repo's name: NotConvertible, RepoBroken.
    """
    whole = Whole(checkpoint.repo, checkpoint.revision, keep)
    place = place_of(store, whole.repo, whole.revision)
    with _named_after_repo(place, whole.repo):
        _fetch(hub, checkpoint.others, place, progress)
        try:
            ready(place)
        except (NotConvertible, CheckpointBroken, NotThisModel):
            _tidy(store, whole)
            raise
        _fetch(hub, checkpoint.weights, place, progress)
        whole = _noted(store, whole)
        yield place
    _tidy(store, whole)


@contextmanager
def used(store: Store, whole: Whole, *, keep: bool = False) -> Iterator[Path]:
    """Give the folder of a checkpoint that is here; what becomes of it is as with `fetched`."""
    whole = _noted(store, replace(whole, keep=keep or whole.keep))
    place = place_of(store, whole.repo, whole.revision)
    with _named_after_repo(place, whole.repo):
        yield place
    _tidy(store, whole)


def find(store: Store, repo: str, revision: str | None = None) -> Whole | None:
    """Give the checkpoint of a repo that is here whole: the commit asked for, else the newest."""
    notes = sorted(folder_of(store, repo).glob("*.json"), key=_age)
    found = [whole for path in notes if (whole := _read(path)) and whole.repo == repo]
    return next((one for one in found if one.revision.startswith(revision or "")), None)


def place_of(store: Store, repo: str, revision: str) -> Path:
    """Give where one commit of a repo lies; it need not be there."""
    return folder_of(store, repo) / _flat(revision)[:12]


def have(store: Store, checkpoint: Checkpoint) -> int:
    """Give how many bytes of a checkpoint have come already."""
    place = place_of(store, checkpoint.repo, checkpoint.revision)
    sizes = 0
    for file in checkpoint.files:
        for path in (place / file.name, place / f"{file.name}.part"):
            with suppress(OSError):
                sizes += min(file.size, path.stat().st_size)
                break
    return sizes


def require_room_for_all(store: Store, checkpoint: Checkpoint, out: Path, made: int) -> None:
    """Raise NoRoom unless the disks take what is to come, and `made` bytes in the folder `out`."""
    place = place_of(store, checkpoint.repo, checkpoint.revision)
    missing = checkpoint.size - have(store, checkpoint)
    if there(place).stat().st_dev == out.stat().st_dev:
        require_room(place, missing + made)
        return
    require_room(place, missing)
    free = shutil.disk_usage(out).free
    if free < made:
        raise NoRoomToConvert(folder=str(out), need=made, free=free)


def _fetch(hub: Hub, files: Sequence[RemoteFile], place: Path, progress: Progress) -> None:
    if files:
        fetch_files(hub, files, [place / file.name for file in files], progress)


def _noted(store: Store, whole: Whole) -> Whole:
    """Note that a checkpoint is whole; once wanted, it stays so until it is removed by name."""
    here = _read(_note_of(store, whole))
    whole = replace(whole, keep=whole.keep or (here is not None and here.keep))
    path = _note_of(store, whole)
    try:
        replace_with(path, json.dumps({"schema": _SCHEMA, **asdict(whole)}).encode())
    except OSError as error:
        raise StoreFailed(path=str(path), reason=error.strerror or str(error)) from error
    return whole


def _tidy(store: Store, whole: Whole) -> None:
    """Remove what has served: this commit, and what is left of others; what is wanted stays."""
    folder = folder_of(store, whole.repo)
    for place in folder.glob("*"):
        note = _read(place.with_name(f"{place.name}.json"))
        if place.is_dir() and not (note and note.keep):
            _remove(place)


def _remove(place: Path) -> None:
    # First of all it is no longer said to be whole.
    with suppress(OSError):
        place.with_name(f"{place.name}.json").unlink(missing_ok=True)
        shutil.rmtree(place)
        place.parent.rmdir()


def _note_of(store: Store, whole: Whole) -> Path:
    place = place_of(store, whole.repo, whole.revision)
    return place.with_name(f"{place.name}.json")


def _read(path: Path) -> Whole | None:
    try:
        table = json.loads(path.read_bytes())
        right = table.pop("schema") == _SCHEMA and path.with_suffix("").is_dir()
        return Whole(**table) if right else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _age(path: Path) -> float:
    with suppress(OSError):
        return -path.stat().st_mtime
    return 0.0


def _flat(name: str) -> str:
    """Give a name of the Hub as the name of a folder, which cannot lead anywhere else."""
    return re.sub(r"[^\w.-]", "_", name.replace("/", "--")).lstrip(".") or "_"


@contextmanager
def _named_after_repo(place: Path, repo: str) -> Iterator[None]:
    """Tell what is wrong with a checkpoint by its name on the Hub, not by where it lies here."""
    try:
        yield
    except (NotConvertible, CheckpointBroken) as error:
        kind = NotConvertible if isinstance(error, NotConvertible) else RepoBroken
        path = str(error.facts["path"]).replace(str(place), repo, 1)
        raise kind(path=path, problem=error.facts["problem"]) from error
