"""From what `--model` says to a file on this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from seaguard_cli.errors import (
    ConfigError,
    UnknownModel,
    UsageError,
    WeightsDamaged,
    WeightsMissing,
    WeightsUnreadable,
)
from seaguard_cli.weights.catalogue import Catalogue
from seaguard_cli.weights.model import Model
from seaguard_cli.weights.quants import normal
from seaguard_cli.weights.store import Store, default_store

_MAGIC = b"GGUF"


@dataclass(frozen=True, slots=True)
class Weights:
    """A GGUF on this machine: `label` is name:QUANT, or the file's stem for a path."""

    path: Path
    label: str
    model: Model | None


def locate(name: str, catalogue: Catalogue, store: Store | None = None) -> Weights:
    """Find the weights that `name` means: a model, a model:QUANT, or a path to a GGUF.

    Raises UnknownModel, WeightsMissing, WeightsDamaged, or WeightsUnreadable for a file that is
    no GGUF.
    """
    stem, _, quant = name.partition(":")
    model = catalogue.find(stem)
    if model is not None:
        return _of_model(model, quant, store or default_store())
    # Unlike Path's own, these take any string: a whole sentence, or a home that nobody has.
    expanded = os.path.expanduser(name)
    if not os.path.exists(expanded):
        known = ", ".join(catalogue.models)
        raise UnknownModel(model=name, known=known)
    path = Path(expanded)
    _require_gguf(path)
    return Weights(path=path, label=path.stem, model=None)


def find_model(name: str, catalogue: Catalogue) -> tuple[Model, str]:
    """Give the known model that `name` or `name:QUANT` means, and the quant.

    Raises UnknownModel, or UsageError when the quant cannot be the name of one.
    """
    stem, colon, quant = name.partition(":")
    model = catalogue.find(stem)
    if model is None:
        raise UnknownModel(model=name, known=", ".join(catalogue.models))
    if colon and not quant.replace("_", "").replace("-", "").isalnum():
        raise UsageError(problem=f"{name}: {quant!r} is no quant", remedy="write it as Q4_K_M")
    return model, normal(quant) if quant else model.default_quant


def _of_model(model: Model, quant: str, store: Store) -> Weights:
    quant = normal(quant) if quant else model.default_quant
    label = f"{model.name}:{quant}"
    if model.path is not None:
        if not model.path.is_file():
            path = f"models.{model.name}.path"
            raise ConfigError(path="models.toml", problem=f"{path}: no file {model.path}")
        return _usable(model.path, model.name, model)
    if model.embedded is not None and quant == model.default_quant:
        return _usable(model.embedded, label, model)
    if manifest := store.find(model.name, quant):
        if damaged := store.damage(manifest):
            raise WeightsDamaged(model=f"{model.short}:{quant}", file=damaged)
        return _usable(store.path_of(manifest), label, model)
    others = " and ".join(one.quant for one in store.of(model.name))
    raise WeightsMissing(model=model.short, quant=quant, others=others)


def _usable(path: Path, label: str, model: Model) -> Weights:
    _require_gguf(path)
    return Weights(path=path, label=label, model=model)


def _require_gguf(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise WeightsUnreadable(path=str(path), reason=error.strerror or str(error)) from error
    if magic != _MAGIC:
        raise WeightsUnreadable(path=str(path), reason="it is not a GGUF file")
