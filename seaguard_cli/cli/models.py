"""`seaguard models`: which models there are, what they take, and which are here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from seaguard_cli.cli.envelope import json_result
from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.sink import Output
from seaguard_cli.cli.sizes import size_words
from seaguard_cli.exits import Exit
from seaguard_cli.records.literal import literal
from seaguard_cli.weights import Manifest, Model, Store, default_store, load_catalogue, locate
from seaguard_cli.weights.machine import memory_here
from seaguard_cli.weights.memory_need import memory_need, weights_size

_HEADINGS = ("MODEL", "HERE", "SIZE", "MEMORY", "FITS", "LICENCE", "LANGUAGES")


@dataclass(frozen=True, slots=True)
class ModelsRequest:
    """What the person asked for."""

    json: bool = False


@dataclass(frozen=True, slots=True)
class PathRequest:
    """The model whose file is asked for."""

    model: str


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One quant of a model. Sizes are bytes; `estimated` says that none was measured.

    `fits` tells whether this machine's memory is enough, None where that is not known.
    """

    model: str
    quant: str
    aliases: tuple[str, ...]
    summary: str
    here: bool
    path: str | None
    size: int | None
    estimated: bool
    memory: int | None
    fits: bool | None
    repo: str | None
    way: str | None
    licence: str | None
    licence_link: str | None
    languages: tuple[str, ...]


def run_models(request: ModelsRequest, environment: Environment) -> Exit:
    """List every known model and everything that is here. Raises SeaguardError."""
    with json_result("models", environment, wanted=request.json) as result:
        rows = list(_rows(load_catalogue().models.values(), default_store(), memory_here()))
        result["memory_here"] = memory_here()
        result["models"] = [asdict(row) for row in rows]
    if not request.json:
        _show(rows, environment)
    return Exit.OK


def run_models_path(request: PathRequest, environment: Environment) -> Exit:
    """Write the path of a model's file. Raises WeightsMissing and its like."""
    path = locate(request.model, load_catalogue()).path
    Output(environment.stdout).write(f"{path}\n".encode("utf-8", "surrogateescape"))
    return Exit.OK


def _rows(models: Iterable[Model], store: Store, memory: int | None) -> Iterator[ModelRow]:
    for model in models:
        manifests = [one for one in store.of(model.name) if store.damage(one) is None]
        for manifest in manifests:
            yield _row(model, manifest.quant, store.path_of(manifest), memory, manifest)
        if not manifests:
            yield _row(model, model.default_quant, model.embedded or model.path, memory, None)


def _row(
    model: Model, quant: str, path: Path | None, memory: int | None, manifest: Manifest | None
) -> ModelRow:
    here = path is not None and path.is_file()
    size = manifest.size if manifest else path.stat().st_size if path and here else None
    estimated = size is None
    if size is None and model.shape:
        size = weights_size(model.shape, quant)
    need = memory_need(model.shape, size) if size is not None else None
    return ModelRow(
        model=model.name,
        quant=quant,
        aliases=model.aliases,
        summary=model.summary,
        here=here,
        path=str(path) if here else None,
        size=size,
        estimated=estimated,
        memory=need,
        fits=None if need is None or memory is None else need <= memory,
        repo=manifest.repo if manifest else None,
        way=manifest.way if manifest else None,
        licence=model.licence,
        licence_link=model.licence_link,
        languages=model.languages,
    )


def _show(rows: Sequence[ModelRow], environment: Environment) -> None:
    """Write a table for a person, or a line of cells with tabs between them for each."""
    cells = [_cells(row) for row in rows]
    if environment.stdout_terminal:
        table = [_HEADINGS, *cells]
        widths = [max(len(line[column]) for line in table) for column in range(len(_HEADINGS))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in table
        ]
    else:
        lines = ["\t".join(line) for line in cells]
    Output(environment.stdout).write("".join(f"{line}\n" for line in lines).encode())


def _cells(row: ModelRow) -> tuple[str, ...]:
    name = min((row.model, *row.aliases), key=len)
    about = "~" if row.estimated else ""
    return tuple(
        literal(cell)
        for cell in (
            f"{name}:{row.quant}",
            "yes" if row.here else "no",
            about + size_words(row.size) if row.size is not None else "?",
            size_words(row.memory) if row.memory is not None else "?",
            {True: "yes", False: "no", None: "?"}[row.fits],
            row.licence or "?",
            " ".join(row.languages) or "?",
        )
    )
