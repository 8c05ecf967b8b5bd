"""`seaguard verify`: whether weights are what they should be, and still judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from seaguard_cli.cli.canary_run import run_canaries
from seaguard_cli.cli.envelope import json_result
from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.messages import sentence_of
from seaguard_cli.cli.progress import ProgressLine
from seaguard_cli.cli.report import Report
from seaguard_cli.cli.sink import Output
from seaguard_cli.errors import EngineError, NothingHere, WeightsDamaged, WeightsError
from seaguard_cli.exits import Exit
from seaguard_cli.guard import Guard
from seaguard_cli.records.literal import literal
from seaguard_cli.weights import (
    Catalogue,
    Manifest,
    Model,
    Store,
    default_store,
    find_model,
    load_catalogue,
    locate,
)
from seaguard_cli.weights.checking import Finding, check_hash, check_header

_MARKS = {True: "ok", False: "WRONG", None: "?"}


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """What the person asked for."""

    model: str | None = None
    canaries: bool = True
    json: bool = False


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is looked at: `name` is what Guard is given."""

    name: str
    paths: list[Path]
    model: Model | None
    manifest: Manifest | None


def run_verify(request: VerifyRequest, environment: Environment) -> Exit:
    """Check one model, or everything that is here. Raises SeaguardError.

    Ends with status 4 if anything is wrong.
    """
    report = Report(environment)
    progress = ProgressLine(environment, report)
    store, catalogue, wrong = default_store(), load_catalogue(), False
    with json_result("verify", environment, wanted=request.json) as result:
        listed: list[dict[str, object]] = []
        result["models"] = listed
        for subject in list(_subjects(request.model, store, catalogue)):
            findings = list(_findings(subject, store, progress, request))
            wrong |= any(finding.right is False for finding in findings)
            listed.append({"model": subject.name, "findings": [asdict(one) for one in findings]})
            if not request.json:
                _show(subject.name, findings, environment)
        result["sound"] = not wrong
    return Exit.WEIGHTS if wrong else Exit.OK


def _subjects(name: str | None, store: Store, catalogue: Catalogue) -> Iterator[_Subject]:
    if name is None:
        manifests = store.all()
        for manifest in manifests:
            yield _stored(manifest, store, catalogue.find(manifest.model))
        if not manifests:
            raise NothingHere
        return
    try:
        weights = locate(name, catalogue)
    except WeightsDamaged:
        # Which file is wrong, and how, is what was asked.
        model, quant = find_model(name, catalogue)
        yield from (
            _stored(one, store, model) for one in store.of(model.name) if one.quant == quant
        )
        return
    found = [one for one in store.all() if store.path_of(one) == weights.path]
    if found:
        yield _stored(found[0], store, weights.model)
    else:
        yield _Subject(name, [weights.path], weights.model, None)


def _stored(manifest: Manifest, store: Store, model: Model | None) -> _Subject:
    paths = [store.folder / file.name for file in manifest.files]
    return _Subject(manifest.label, paths, model, manifest)


def _findings(
    subject: _Subject, store: Store, progress: ProgressLine, request: VerifyRequest
) -> Iterator[Finding]:
    hashed = check_hash(subject.manifest, store, progress)
    yield hashed
    headers = list(check_header(subject.paths, subject.model))
    yield from headers
    if hashed.right is False or any(finding.right is False for finding in headers):
        # llama.cpp is not given a file that is known to be broken.
        return
    yield from _judging(subject.name, canaries=request.canaries)


def _judging(name: str, *, canaries: bool) -> Iterator[Finding]:
    """Open the model as `check` does, and let it judge the canaries."""
    try:
        with Guard(name) as guard:
            where = guard.device
            words = guard.unusual_verdicts
            seen = f"opens on the {where}, answers {words or 'safe and unsafe in one token each'}"
            yield Finding("vocabulary", True, seen)
            if canaries:
                outcome = run_canaries(guard)
                well = f"{outcome.auc:.0%} of the pairs in order"
                yield Finding("canaries", outcome.problem is None, outcome.problem or well)
    except WeightsError as error:
        yield Finding("vocabulary", False, sentence_of(error))
    except EngineError as error:
        yield Finding("vocabulary", None, sentence_of(error))


def _show(name: str, findings: list[Finding], environment: Environment) -> None:
    lines = [literal(name)]
    lines += [f"  {_MARKS[one.right]:5}  {one.check:10}  {literal(one.seen)}" for one in findings]
    Output(environment.stdout).write("".join(f"{line}\n" for line in lines).encode())
