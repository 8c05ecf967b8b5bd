"""`convert --dry-run`: what would be fetched and written, with nothing of either done."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seaguard_cli.cli.convert_request import ConvertRequest
from seaguard_cli.cli.convert_source import checkpoint_given, licence_of, repo_planned
from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.offline import is_offline
from seaguard_cli.cli.report import Report
from seaguard_cli.weights import pulling
from seaguard_cli.weights.convert import prepare, targets_of

Described = dict[str, object]


def tell_plan(request: ConvertRequest, environment: Environment, report: Report) -> Described:
    """Tell what would be done, and give it as JSON has it. Raises SeaguardError."""
    if request.folder or is_offline(environment, asked=request.offline):
        described, targets = _of_folder(request, environment, report)
    else:
        described, targets = _of_repo(request, environment, report)
    for path in targets.values():
        report.note(f"would write {path}")
    files = [{"path": str(path), "quant": quant} for quant, path in targets.items()]
    return {"outcome": "planned", **described, "files": files}


def _of_repo(
    request: ConvertRequest, environment: Environment, report: Report
) -> tuple[Described, Mapping[str, Path]]:
    hub = pulling.Hub(environment.variables)
    checkpoint = repo_planned(hub, request, report)
    described: Described = {
        "repo": checkpoint.repo,
        "revision": checkpoint.revision,
        "licence": licence_of(checkpoint, hub.endpoint),
        "size": checkpoint.size,
        "sources": [
            {"path": file.path, "size": file.size, "sha256": file.sha256}
            for file in checkpoint.files
        ],
    }
    quants, overwrite = request.quants, request.overwrite
    return described, targets_of(checkpoint.name, request.target, quants, overwrite=overwrite)


def _of_folder(
    request: ConvertRequest, environment: Environment, report: Report
) -> tuple[Described, Mapping[str, Path]]:
    with checkpoint_given(request, environment, report) as given:
        one = prepare(
            given.folder,
            request.target,
            quants=request.quants,
            provenance=given.provenance,
            overwrite=request.overwrite,
        )
    one.require_room()
    provenance = one.source.provenance
    described: Described = {
        "architecture": one.architecture,
        "parameters": one.parameters,
        "repo": provenance.repo,
        "revision": provenance.revision,
    }
    return described, one.targets
