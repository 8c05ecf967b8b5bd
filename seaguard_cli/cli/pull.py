"""`seaguard pull`: weights onto this machine, from a source that is pinned, named or picked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seaguard_cli.cli.canary_run import require_sound, tried
from seaguard_cli.cli.envelope import json_result
from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.offline import is_offline
from seaguard_cli.cli.progress import ProgressLine
from seaguard_cli.cli.report import Report
from seaguard_cli.cli.sizes import size_words
from seaguard_cli.cli.ways import BUILD, choose, described_json
from seaguard_cli.errors import HubError, NotThisModel, Offline, UsageError
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
from seaguard_cli.weights.building import build, disk_need
from seaguard_cli.weights.checking import another_model
from seaguard_cli.weights.convert import QUANTS, require_known
from seaguard_cli.weights.schema import is_repo

Result = dict[str, object]


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What the person asked for: one attribute an option."""

    model: str
    source: str | None = None
    build: bool = False
    offline: bool = False
    dry_run: bool = False
    canaries: bool = True
    json: bool = False


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What is to be fetched, from which Hub (none offline), and whether to build from it."""

    plan: pulling.Plan
    hub: pulling.Hub | None
    builds: bool = False


def run_pull(request: PullRequest, environment: Environment) -> Exit:
    """Get a model's weights. Raises SeaguardError."""
    with json_result("pull", environment, wanted=request.json) as result:
        _require_sense(request)
        pull(request, environment, result)
    return Exit.OK


def _require_sense(request: PullRequest) -> None:
    if request.source and request.build:
        raise UsageError(problem="--source and --build are two ways", remedy="leave one out")
    if request.source and not is_repo(request.source):
        problem = f"--source: {request.source!r} is no repo on the Hub"
        raise UsageError(problem=problem, remedy="write it as OWNER/NAME")


def pull(request: PullRequest, environment: Environment, result: Result) -> None:
    """Get a model's weights, and tell in `result` what came of it. Raises SeaguardError."""
    report = Report(environment)
    model, quant = find_model(request.model, load_catalogue())
    label = f"{model.name}:{quant}"
    result |= {"model": model.name, "quant": quant}
    if model.embedded or model.path:
        report.note(f"{model.name} is a file on this machine: there is nothing to fetch")
        result |= {"outcome": "present", "path": str(model.embedded or model.path)}
        return
    store = default_store()
    if manifest := _here(store, model, quant):
        _tell_present(manifest, store, report, result)
        return
    chosen = _chosen(request, model, quant, environment, report, result)
    _tell_plan(chosen, report, result)
    if request.dry_run:
        result["outcome"] = "planned"
        return
    manifest, new = _fetched(chosen, store, environment, report)
    if not new:
        _tell_present(manifest, store, report, result)
        return
    path = store.path_of(manifest)
    report.note(f"{label} is here: {path}")
    result |= {"outcome": manifest.way, "path": str(path), **_files(manifest)}
    if request.canaries:
        _try(model, label, path, report, result)


def _fetched(
    chosen: _Chosen, store: Store, environment: Environment, report: Report
) -> tuple[Manifest, bool]:
    """Fetch or build what was chosen; tell too whether it was not here already."""
    model, quant = chosen.plan.model, chosen.plan.quant
    progress = ProgressLine(environment, report)

    def on_wait() -> None:
        report.note(f"another seaguard is at work on {model.name}:{quant}: waiting for it")

    try:
        with pulling.holding(store, model.name, quant, on_wait):
            # Another process may have done it meanwhile.
            if manifest := _here(store, model, quant):
                return manifest, False
            if chosen.builds and chosen.hub is not None:
                return build(chosen.hub, chosen.plan, store, progress, on_wait), True
            return pulling.fetch(chosen.hub, chosen.plan, store, progress), True
    except KeyboardInterrupt:
        report.note("interrupted; what was fetched is kept: the same command goes on from there")
        raise


def _chosen(
    request: PullRequest,
    model: Model,
    quant: str,
    environment: Environment,
    report: Report,
    result: Result,
) -> _Chosen:
    """Give what to fetch, as it was asked for, pinned or picked."""
    if is_offline(environment, asked=request.offline):
        plan = None if request.build else pulling.plan_from_cache(model, quant, request.source)
        if plan is None:
            raise Offline(model=f"{model.short}:{quant}")
        return _Chosen(plan, None)
    hub = pulling.Hub(environment.variables)
    if request.build:
        return _to_build(hub, model, quant)
    if request.source:
        return _Chosen(pulling.plan_named(hub, model, quant, request.source), hub)
    if (pinned := _pinned(hub, model, quant, report)) is not None:
        return _Chosen(pinned, hub)
    report.note(f"asking {hub.endpoint} who has GGUFs of {model.name}")
    found = pulling.search(hub, model)
    building = pulling.building(hub, model) if quant in QUANTS else None
    result["choices"], result["build"] = described_json(found, building)
    picked = choose(model, quant, found, building, environment, report)
    if picked == BUILD:
        return _to_build(hub, model, quant)
    return _Chosen(pulling.plan_named(hub, model, quant, picked), hub)


def _to_build(hub: pulling.Hub, model: Model, quant: str) -> _Chosen:
    """Plan to build a quant. Raises UsageError when it is none that can be made here."""
    require_known([quant])
    return _Chosen(pulling.plan_official(hub, model, quant), hub, builds=True)


def _pinned(hub: pulling.Hub, model: Model, quant: str, report: Report) -> pulling.Plan | None:
    """Plan the first pinned source that can be had; the error of the last one if none can."""
    sources = [source for source in model.sources if source.pinned(quant)]
    for source in sources:
        try:
            return pulling.plan_source(hub, model, quant, source)
        except HubError:
            if source is sources[-1]:
                raise
            report.note(f"{source.repo}: not to be had; trying the next source")
    return None


def _here(store: Store, model: Model, quant: str) -> Manifest | None:
    """Give the manifest of weights that are here and not damaged."""
    manifest = store.find(model.name, quant)
    return manifest if manifest and not store.damage(manifest) else None


def _tell_present(manifest: Manifest, store: Store, report: Report, result: Result) -> None:
    path = store.path_of(manifest)
    report.note(f"{manifest.label} is here already: {path}")
    result |= {"outcome": "present", "path": str(path), **_files(manifest)}


def _tell_plan(chosen: _Chosen, report: Report, result: Result) -> None:
    plan = chosen.plan
    what = f"{size_words(plan.size)} of {plan.repo} at {plan.revision[:12]}"
    if chosen.builds:
        disk = disk_need(plan)
        result["disk"] = disk
        report.note(f"{what} to build it from; about {size_words(disk)} of disk while it works")
    else:
        report.note(f"{what} ({plan.quant})")
    licence = pulling.licence_words(plan.model)
    if licence:
        report.note(f"its licence: {licence}")
    result |= {
        "way": "build" if chosen.builds else "fetch",
        "repo": plan.repo,
        "revision": plan.revision,
        "size": plan.size,
        "sources": [
            {"path": file.path, "size": file.size, "sha256": file.sha256} for file in plan.files
        ],
        "licence": plan.model.licence,
        "licence_link": plan.model.licence_link,
    }


def _files(manifest: Manifest) -> Result:
    return {
        "repo": manifest.repo,
        "revision": manifest.revision,
        "licence": manifest.licence,
        "files": [
            {"name": file.name, "size": file.size, "sha256": file.sha256} for file in manifest.files
        ],
    }


def _try(model: Model, label: str, path: Path, report: Report, result: Result) -> None:
    """See whether the new file is the model, and let it judge the canaries.

    Raises WeightsError when it is another one, or broken.
    """
    remedy = f"remove it with `seaguard rm {label}` and try another source or --build"
    if problem := another_model(path, model):
        raise NotThisModel(model=label, problem=problem, remedy=remedy)
    report.note("trying it on a few plain texts")
    if outcome := tried(label, report):
        result["canaries"] = {"auc": outcome.auc, "problem": outcome.problem}
        require_sound(outcome, label, remedy, report)
