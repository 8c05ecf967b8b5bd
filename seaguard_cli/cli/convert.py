"""`seaguard convert`: official safetensors to GGUF, on this machine."""

from __future__ import annotations

import os

from seaguard_cli.cli.canary_run import require_sound, tried
from seaguard_cli.cli.convert_plan import tell_plan
from seaguard_cli.cli.convert_request import ConvertRequest
from seaguard_cli.cli.convert_source import Given, checkpoint_given
from seaguard_cli.cli.envelope import json_result
from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.messages import sentence_of
from seaguard_cli.cli.progress import ProgressLine
from seaguard_cli.cli.report import Report
from seaguard_cli.cli.sink import Output
from seaguard_cli.cli.sizes import size_words
from seaguard_cli.errors import WeightsError
from seaguard_cli.exits import Exit
from seaguard_cli.records.literal import literal
from seaguard_cli.weights.convert import Result, convert, steps_on

_REMEDY = "do not rely on it; only a SEA-Guard model passes"
Files = list[dict[str, object]]


def run_convert(request: ConvertRequest, environment: Environment) -> Exit:
    """Convert a folder, or a repo of the Hub. Raises SeaguardError.

    The paths of what was made go to standard output, one a line, or with `json` as one object.
    """
    report = Report(environment)
    with json_result("convert", environment, wanted=request.json) as told:
        if request.dry_run:
            told |= tell_plan(request, environment, report)
            return Exit.OK
        with checkpoint_given(request, environment, report) as given:
            result = _convert(request, given, environment, report)
        files = _files(result)
        told |= _described(result, files)
        _tell(result, request, environment, report)
        if request.canaries:
            _try_canaries(result, files, report)
    return Exit.OK


def _convert(
    request: ConvertRequest, given: Given, environment: Environment, report: Report
) -> Result:
    with steps_on(ProgressLine(environment, report)) as steps:
        return convert(
            given.folder,
            request.target,
            quants=request.quants,
            provenance=given.provenance,
            progress=steps,
            overwrite=request.overwrite,
            threads=request.threads,
        )


def _tell(
    result: Result, request: ConvertRequest, environment: Environment, report: Report
) -> None:
    for output in result.outputs:
        report.note(f"{output.path.name}: {output.quant}, {size_words(output.size)}")
    if not request.json:
        lines = (os.fsencode(output.path) + b"\n" for output in result.outputs)
        Output(environment.stdout).write(b"".join(lines))


def _files(result: Result) -> Files:
    return [
        {"path": str(output.path), "quant": output.quant, "size": output.size}
        for output in result.outputs
    ]


def _described(result: Result, files: Files) -> dict[str, object]:
    return {
        "outcome": "converted",
        "architecture": result.architecture,
        "parameters": result.parameters,
        "repo": result.provenance.repo,
        "revision": result.provenance.revision,
        "files": files,
    }


def _try_canaries(result: Result, files: Files, report: Report) -> None:
    """Let each new file judge the canaries. Raises WeightsError for the last that is broken."""
    broken: list[WeightsError] = []
    for output, file in zip(result.outputs, files, strict=True):
        name = literal(output.path.name)
        report.note(f"trying {name} on a few plain texts")
        try:
            # An absolute path is never the name of a model.
            if outcome := tried(str(output.path.absolute()), report):
                file["canaries"] = {"auc": outcome.auc, "problem": outcome.problem}
                require_sound(outcome, name, _REMEDY, report)
        except WeightsError as error:
            broken.append(error)
    for one in broken[:-1]:
        report.error(sentence_of(one))
    if broken:
        raise broken[-1]
