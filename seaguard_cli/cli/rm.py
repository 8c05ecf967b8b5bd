"""`seaguard rm`: deletes weights, and only what seaguard itself fetched or built."""

from __future__ import annotations

from dataclasses import dataclass

from seaguard_cli.cli.ask import agreed, can_ask
from seaguard_cli.cli.envelope import json_result
from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.report import Report
from seaguard_cli.cli.sizes import size_words
from seaguard_cli.errors import NothingStored, UsageError
from seaguard_cli.exits import Exit
from seaguard_cli.weights import Store, default_store, find_model, load_catalogue, removing
from seaguard_cli.weights.removing import Removal
from seaguard_cli.weights.schema import is_repo


@dataclass(frozen=True, slots=True)
class RmRequest:
    """What the person asked for: `model` may be a repo too, whose safetensors are here."""

    model: str
    dry_run: bool = False
    yes: bool = False
    json: bool = False


def run_rm(request: RmRequest, environment: Environment) -> Exit:
    """Delete a quant of a model, all of them if none is named, or what came from a repo.

    A person at a terminal is asked; anywhere else --yes has to be said. Raises SeaguardError.
    """
    report = Report(environment)
    with json_result("rm", environment, wanted=request.json) as result:
        store = default_store()
        model, removal = _asked(request.model, store)
        if not removal:
            raise NothingStored(model=request.model)
        sizes = removing.described(store, removal)
        size = sum(sizes.values())
        result |= {"removes": list(sizes), "size": size, "removed": False}
        for name, one in sizes.items():
            verb = "removes" if request.yes and not request.dry_run else "would remove"
            report.note(f"{verb} {name}, {size_words(one)}")
        if request.dry_run or not _allowed(request, size, environment):
            return Exit.OK
        removing.take_away(store, model, removal)
        report.note(f"removed, {size_words(size)} are free again")
        result["removed"] = True
    return Exit.OK


def _asked(name: str, store: Store) -> tuple[str | None, Removal]:
    """Give the full name of the model, None for a repo, and what there is of either."""
    catalogue = load_catalogue()
    if catalogue.find(name) is None and is_repo(name):
        return None, removing.of_repo(store, name)
    model, quant = find_model(name, catalogue)
    return model.name, removing.of_model(store, model, quant if ":" in name else None)


def _allowed(request: RmRequest, size: int, environment: Environment) -> bool:
    if request.yes:
        return True
    if not can_ask(environment):
        raise UsageError(
            problem=f"{request.model}: this deletes {size_words(size)}, and no one can be asked",
            remedy="say --yes, or look first with --dry-run",
        )
    return agreed(environment, f"remove {size_words(size)}?")
