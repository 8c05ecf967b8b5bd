"""The checkpoint that `convert` is given: a folder, or a repo of the Hub, fetched if need be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from seaguard_cli.cli.convert_request import ConvertRequest
from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.offline import is_offline
from seaguard_cli.cli.progress import ProgressLine
from seaguard_cli.cli.report import Report
from seaguard_cli.cli.sizes import size_words
from seaguard_cli.errors import Offline
from seaguard_cli.weights import Store, checkpoints, default_store, load_catalogue, pulling
from seaguard_cli.weights.convert import (
    Provenance,
    read_all_but_weights,
    require_known,
    room_before,
    sweep,
    targets_of,
)
from seaguard_cli.weights.hub.cache import snapshot
from seaguard_cli.weights.plan import Checkpoint, plan_checkpoint


@dataclass(frozen=True, slots=True)
class Given:
    """A checkpoint on this machine, and where it came from if that is known."""

    folder: Path
    provenance: Provenance | None = None


@contextmanager
def checkpoint_given(
    request: ConvertRequest, environment: Environment, report: Report
) -> Iterator[Given]:
    """Give the checkpoint; what was fetched for it goes when the block has ended well.

    Raises UsageError, HubError, NoRoom, StoreFailed, NotConvertible and CheckpointBroken.
    """
    folder = request.folder
    if folder is not None:
        yield Given(folder)
    elif is_offline(environment, asked=request.offline):
        with _here(request, report) as given:
            yield given
    else:
        hub = pulling.Hub(environment.variables)
        checkpoint = repo_planned(hub, request, report)
        with _fetched(hub, checkpoint, request, environment, report) as given:
            yield given


def repo_planned(hub: pulling.Hub, request: ConvertRequest, report: Report) -> Checkpoint:
    """Ask the Hub for what a conversion needs of a repo, and tell it. Raises HubError.

    Raises UsageError too, before anything is asked, when the outputs cannot be written.
    """
    quants = require_known(request.quants)
    name = request.source.rpartition("/")[2]
    targets_of(name, request.target, quants, overwrite=request.overwrite)
    report.note(f"{request.source} is no folder here: asking {hub.endpoint} for it")
    checkpoint = plan_checkpoint(hub, request.source, request.revision)
    # A renamed repo answers by its new name, and the files are called after it.
    targets_of(checkpoint.name, request.target, quants, overwrite=request.overwrite)
    here = checkpoints.have(default_store(), checkpoint)
    report.note(
        f"{size_words(checkpoint.size)} of {checkpoint.repo} at {checkpoint.revision[:12]} to "
        "convert it from" + (f", {size_words(here)} of it here already" if here else "")
    )
    report.note(f"its licence: {licence_of(checkpoint, hub.endpoint)}")
    return checkpoint


def licence_of(checkpoint: Checkpoint, endpoint: str) -> str:
    """Give the licence in words: of a known model, else what the repo itself declares."""
    for model in load_catalogue().models.values():
        if checkpoint.repo in model.official and (words := pulling.licence_words(model)):
            return words
    return f"{checkpoint.licence or 'not declared'}, see {endpoint}/{checkpoint.repo}"


@contextmanager
def _fetched(
    hub: pulling.Hub,
    checkpoint: Checkpoint,
    request: ConvertRequest,
    environment: Environment,
    report: Report,
) -> Iterator[Given]:
    store, progress = default_store(), ProgressLine(environment, report)
    try:
        with (
            checkpoints.holding_repo(store, checkpoint.repo, _waiting(checkpoint.repo, report)),
            checkpoints.fetched(
                hub,
                checkpoint,
                store,
                progress,
                ready=partial(_ready, store, checkpoint, request),
                keep=request.keep,
            ) as folder,
        ):
            yield Given(folder, Provenance(checkpoint.repo, checkpoint.revision))
    except KeyboardInterrupt:
        report.note("interrupted; what was fetched is kept: the same command goes on from there")
        raise
    if request.keep:
        report.note(f"its safetensors are kept: {folder}")


@contextmanager
def _here(request: ConvertRequest, report: Report) -> Iterator[Given]:
    """Give a checkpoint that is here whole, or lies in the Hub's own cache. Raises Offline."""
    store, repo = default_store(), request.source
    found = partial(checkpoints.find, store, repo, request.revision)
    if found() is None:
        folder = snapshot(repo, request.revision)
        if folder is None:
            raise Offline(model=repo)
        report.note(f"{repo} is in the Hub's cache: {folder}")
        yield Given(folder)
        return
    with checkpoints.holding_repo(store, repo, _waiting(repo, report)):
        whole = found()
        if whole is None:
            # Whoever was waited for has removed it.
            raise Offline(model=repo)
        folder = checkpoints.place_of(store, repo, whole.revision)
        report.note(f"{repo} at {whole.revision[:12]} is here: {folder}")
        given = Given(folder, Provenance(repo, whole.revision))
        if request.dry_run:
            yield given
            return
        with checkpoints.used(store, whole, keep=request.keep):
            yield given


def _ready(store: Store, checkpoint: Checkpoint, request: ConvertRequest, folder: Path) -> None:
    """Refuse what cannot be converted, or has no room, before its weights are fetched."""
    stored = sum(file.size for file in checkpoint.weights)
    made = room_before(read_all_but_weights(folder), stored, require_known(request.quants))
    out = request.target if request.target.is_dir() else request.target.parent
    sweep(out)
    checkpoints.require_room_for_all(store, checkpoint, out, made)


def _waiting(repo: str, report: Report) -> Callable[[], None]:
    return partial(report.note, f"another seaguard is at work on {repo}: waiting for it")
