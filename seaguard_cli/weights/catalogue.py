"""`models.toml`: the models, families and instructions that seaguard knows."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seaguard_cli.errors import ConfigError
from seaguard_cli.prompt import Family, Instruction, VerdictWords

_PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Model:
    """An entry of `models.toml`: one model, whatever its quant."""

    name: str
    aliases: tuple[str, ...]
    summary: str
    family: str
    instruction: str
    default_quant: str
    embedded: Path | None
    demonstration: bool


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that `models.toml` says, looked up by name."""

    models: Mapping[str, Model]
    families: Mapping[str, Family]
    instructions: Mapping[str, Instruction]
    verdicts: tuple[VerdictWords, ...]

    def find(self, name: str) -> Model | None:
        """Give the model called `name`, by its full name or an alias."""
        if name in self.models:
            return self.models[name]
        return next((model for model in self.models.values() if name in model.aliases), None)


def load_catalogue(path: Path | None = None) -> Catalogue:
    """Read `models.toml`: the installed one, or in a checkout the one a folder up.

    Raises ConfigError when the file cannot be read as a catalogue.
    """
    path = path or next(
        place / "models.toml"
        for place in (_PACKAGE, _PACKAGE.parent)
        if (place / "models.toml").is_file()
    )
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(path=str(path), problem=str(error)) from error
    try:
        return _catalogue(table)
    except (KeyError, TypeError) as error:
        raise ConfigError(path=str(path), problem=f"missing or misplaced key {error}") from error


def _catalogue(table: Mapping[str, Any]) -> Catalogue:
    return Catalogue(
        models={name: _model(name, entry) for name, entry in table["models"].items()},
        families={name: _family(name, entry) for name, entry in table["families"].items()},
        instructions={
            name: Instruction(prompt=entry["prompt"], response=entry["response"])
            for name, entry in table["instructions"].items()
        },
        verdicts=tuple(VerdictWords(entry["safe"], entry["unsafe"]) for entry in table["verdicts"]),
    )


def _family(name: str, entry: Mapping[str, Any]) -> Family:
    return Family(
        name=name,
        marker=entry["marker"],
        control=tuple(entry["control"]),
        before=entry["before"],
        after=entry["after"],
    )


def _model(name: str, entry: Mapping[str, Any]) -> Model:
    embedded = entry.get("embedded")
    return Model(
        name=name,
        aliases=tuple(entry["aliases"]),
        summary=entry["summary"],
        family=entry["family"],
        instruction=entry["instruction"],
        default_quant=entry["default_quant"],
        embedded=_PACKAGE / embedded if embedded else None,
        demonstration=entry.get("demonstration", False),
    )
