"""`seaguard rm`: deletes weights, and only what seaguard itself fetched or built."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from seaguard_cli.cli.ask import agreed, can_ask
from seaguard_cli.cli.envelope import json_result
from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.report import Report
from seaguard_cli.cli.sizes import size_words
from seaguard_cli.errors import BeingFetched, NothingStored, StoreFailed, UsageError
from seaguard_cli.exits import Exit
from seaguard_cli.weights import (
    Manifest,
    Model,
    Store,
    default_store,
    find_model,
    load_catalogue,
    pulling,
)
from seaguard_cli.weights.quants import read_name


@dataclass(frozen=True, slots=True)
class RmRequest:
    """What the person asked for: one attribute an option."""

    model: str
    dry_run: bool = False
    yes: bool = False
    json: bool = False


@dataclass(frozen=True, slots=True)
class _Removal:
    """What would go: whole weights, and what interrupted runs have left."""

    manifests: tuple[Manifest, ...]
    leftovers: tuple[Path, ...]

    @property
    def held(self) -> set[str]:
        """Give what must not be in the work of another process meanwhile."""
        names = (path.name.removesuffix(".json").removesuffix(".part") for path in self.leftovers)
        left = {named.quant if (named := read_name(name)) else pulling.SOURCES for name in names}
        return left | {manifest.quant for manifest in self.manifests}

    @property
    def size(self) -> int:
        left = sum(_size(path) for path in self.leftovers)
        return sum(manifest.size for manifest in self.manifests) + left


def run_rm(request: RmRequest, environment: Environment) -> Exit:
    """Delete a quant of a model, or all of them if none is named. Raises SeaguardError.

    A person at a terminal is asked; anywhere else --yes has to be said.
    """
    report = Report(environment)
    with json_result("rm", environment, wanted=request.json) as result:
        model, quant = find_model(request.model, load_catalogue())
        named = quant if ":" in request.model else None
        store = default_store()
        removal = _removal(store, model, named)
        if not removal.manifests and not removal.leftovers:
            raise NothingStored(model=request.model)
        names = [one.label for one in removal.manifests]
        names += [f"{path.name} (not whole)" for path in removal.leftovers]
        result |= {"removes": names, "size": removal.size, "removed": False}
        for name in names:
            report.note(f"{'would remove' if request.dry_run else 'removes'} {name}")
        if request.dry_run or not _allowed(request, removal, environment):
            return Exit.OK
        _remove(store, model, removal)
        report.note(f"removed, {size_words(removal.size)} are free again")
        result["removed"] = True
    return Exit.OK


def _removal(store: Store, model: Model, quant: str | None) -> _Removal:
    if quant is None:
        manifests = store.of(model.name)
    else:
        found = store.find(model.name, quant)
        manifests = [found] if found else []
    leftovers = store.leftovers(model.name, quant)
    sources = store.source_folder(model.name)
    if quant is None and sources.is_dir():
        leftovers.append(sources)
    return _Removal(tuple(manifests), tuple(leftovers))


def _allowed(request: RmRequest, removal: _Removal, environment: Environment) -> bool:
    if request.yes:
        return True
    if not can_ask(environment):
        raise UsageError(
            problem=f"{request.model}: this deletes {size_words(removal.size)}, and no one can be "
            "asked",
            remedy="say --yes, or look first with --dry-run",
        )
    return agreed(environment, f"remove {size_words(removal.size)}?")


def _remove(store: Store, model: Model, removal: _Removal) -> None:
    def busy() -> None:
        raise BeingFetched(model=model.short)

    try:
        with ExitStack() as stack:
            for one in sorted(removal.held):
                stack.enter_context(pulling.holding(store, model.name, one, busy))
            for manifest in removal.manifests:
                store.remove(manifest)
            for path in removal.leftovers:
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StoreFailed(path=str(error.filename or store.folder), reason=reason) from error


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
