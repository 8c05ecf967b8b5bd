"""From what `--model` says to a file on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seaguard_cli.errors import UnknownModel, WeightsMissing, WeightsUnreadable
from seaguard_cli.weights.catalogue import Catalogue, Model

_MAGIC = b"GGUF"


@dataclass(frozen=True, slots=True)
class Weights:
    """A GGUF on this machine: `label` is name:QUANT, or the file's stem for a path."""

    path: Path
    label: str
    model: Model | None


def locate(name: str, catalogue: Catalogue) -> Weights:
    """Find the weights that `name` means: a model, a model:QUANT, or a path to a GGUF.

    Raises UnknownModel, WeightsMissing, or WeightsUnreadable for a file that is no GGUF.
    """
    stem, _, quant = name.partition(":")
    model = catalogue.find(stem)
    if model is not None:
        return _of_model(model, quant or model.default_quant)
    path = Path(name).expanduser()
    if not path.exists():
        known = ", ".join(catalogue.models)
        raise UnknownModel(model=name, known=known)
    _require_gguf(path)
    return Weights(path=path, label=path.stem, model=None)


def _of_model(model: Model, quant: str) -> Weights:
    if model.embedded is None or quant != model.default_quant:
        raise WeightsMissing(model=model.name, quant=quant)
    _require_gguf(model.embedded)
    return Weights(path=model.embedded, label=f"{model.name}:{quant}", model=model)


def _require_gguf(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise WeightsUnreadable(path=str(path), reason=error.strerror or str(error)) from error
    if magic != _MAGIC:
        raise WeightsUnreadable(path=str(path), reason="it is not a GGUF file")
