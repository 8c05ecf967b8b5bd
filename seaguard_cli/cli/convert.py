"""`seaguard convert`: official safetensors to GGUF, on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from seaguard_cli.cli.envelope import json_result
from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.progress import ProgressLine
from seaguard_cli.cli.report import Report
from seaguard_cli.cli.sink import Output
from seaguard_cli.cli.sizes import size_words
from seaguard_cli.errors import UsageError
from seaguard_cli.exits import Exit
from seaguard_cli.weights.convert import DEFAULT, Provenance, Result, Step, convert


@dataclass(frozen=True, slots=True)
class ConvertRequest:
    """What the person asked for: one attribute an option.

    `source` is a folder, or OWNER/NAME on the Hub. `threads` is for quantising, 0 for all.
    """

    source: str
    out: str | None = None
    quants: tuple[str, ...] = (DEFAULT,)
    overwrite: bool = False
    threads: int = 0
    json: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """A checkpoint that is on this machine, and where it came from."""

    folder: Path
    provenance: Provenance


_REMEDY = (
    "name the folder of a checkpoint; a known model is fetched and converted "
    "with `seaguard pull MODEL --build`"
)

# Gets OWNER/NAME; what it gives lasts while the block runs.
Fetch = Callable[[str], AbstractContextManager[Fetched]]


def run_convert(
    request: ConvertRequest, environment: Environment, *, fetch: Fetch | None = None
) -> Exit:
    """Convert a folder, or what `fetch` gives for a repo. Raises SeaguardError.

    The paths of what was made go to standard output, one a line, or with `json` as one object.
    """
    report = Report(environment)
    with json_result("convert", environment, wanted=request.json) as told:
        with _source(request.source, fetch) as source:
            result = _convert(request, source, environment, report)
        told |= _described(result)
    for output in result.outputs:
        report.note(f"{output.path.name}: {output.quant}, {size_words(output.size)}")
    if not request.json:
        lines = (os.fsencode(output.path) + b"\n" for output in result.outputs)
        Output(environment.stdout).write(b"".join(lines))
    return Exit.OK


def _source(source: str, fetch: Fetch | None) -> AbstractContextManager[Fetched | Path]:
    folder = Path(source).expanduser()
    if folder.is_dir():
        return nullcontext(folder)
    if fetch is None or folder.exists() or source.count("/") != 1:
        problem = f"{source} is no folder on this machine"
        raise UsageError(problem=problem, remedy=_REMEDY)
    return fetch(source)


def _convert(
    request: ConvertRequest, source: Fetched | Path, environment: Environment, report: Report
) -> Result:
    progress = ProgressLine(environment, report)
    begun: set[tuple[str, str]] = set()

    def at(step: Step) -> None:
        if (step.quant, step.doing) not in begun:
            begun.add((step.quant, step.doing))
            progress.end()
            unit = "tensors" if step.doing == "quantising" else None
            progress.begin(f"{step.doing} {step.quant}", step.total, unit=unit)
        progress.at(step.done)

    try:
        return convert(
            source.folder if isinstance(source, Fetched) else source,
            Path(request.out).expanduser() if request.out else Path(),
            quants=request.quants,
            provenance=source.provenance if isinstance(source, Fetched) else None,
            progress=at,
            overwrite=request.overwrite,
            threads=request.threads,
        )
    finally:
        progress.end()


def _described(result: Result) -> dict[str, object]:
    return {
        "architecture": result.architecture,
        "parameters": result.parameters,
        "repo": result.provenance.repo,
        "revision": result.provenance.revision,
        "files": [
            {"path": str(output.path), "quant": output.quant, "size": output.size}
            for output in result.outputs
        ],
    }
