"""`models.toml`: the models, families and instructions that seaguard knows."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seaguard_cli.engine.facts import RepackRule
from seaguard_cli.errors import ConfigError
from seaguard_cli.prompt import Family, Instruction, VerdictWords
from seaguard_cli.weights.model import Model, model_of
from seaguard_cli.weights.places import line_of
from seaguard_cli.weights.schema import CATALOGUE, ELSEWHERE, Keys, Problem, problems

_PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that `models.toml` says, looked up by name."""

    models: Mapping[str, Model]
    families: Mapping[str, Family]
    instructions: Mapping[str, Instruction]
    verdicts: tuple[VerdictWords, ...]
    repack: tuple[RepackRule, ...] = ()

    def find(self, name: str) -> Model | None:
        """Give the model called `name`, by its full name or an alias."""
        if name in self.models:
            return self.models[name]
        return next((model for model in self.models.values() if name in model.aliases), None)


@dataclass(frozen=True, slots=True)
class _File:
    """A `models.toml` as it was read."""

    path: Path
    text: str
    table: dict[str, Any]

    def error(self, problem: Problem) -> ConfigError:
        line = line_of(self.text, problem.keys)
        place = f"line {line}: " if line else ""
        key = ".".join(map(str, problem.keys))
        return ConfigError(path=str(self.path), problem=f"{place}{key} {problem.what}")


def user_models_file() -> Path:
    """Give where the person's own `models.toml` would lie."""
    from platformdirs import user_config_path

    return user_config_path("seaguard", appauthor=False) / "models.toml"


def load_catalogue(user: Path | None = None) -> Catalogue:
    """Read the `models.toml` that comes with seaguard, and the person's own on top of it.

    The own one adds and overrides key by key; an array is replaced as a whole. Raises ConfigError
    with line and key.
    """
    own = next(
        place / "models.toml"
        for place in (_PACKAGE, _PACKAGE.parent)
        if (place / "models.toml").is_file()
    )
    files = [_read(own)]
    user = user or user_models_file()
    if user.is_file():
        files.append(_read(user))
    table: dict[str, Any] = {}
    for file in files:
        for problem in problems(file.table, CATALOGUE, complete=False):
            raise file.error(problem)
        table = _merged(table, file.table)
    # Each file is sound by itself: what is wrong with the whole came with the last one.
    for problem in _problems_of_whole(table):
        raise files[-1].error(problem)
    return _catalogue(table)


def _read(path: Path) -> _File:
    try:
        text = path.read_text(encoding="utf-8")
        return _File(path, text, tomllib.loads(text))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(path=str(path), problem=str(error)) from error


def _merged(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        known = merged.get(key)
        both = isinstance(value, dict) and isinstance(known, dict)
        merged[key] = _merged(known, value) if both else value  # type: ignore[arg-type]
    return merged


def _problems_of_whole(table: Mapping[str, Any]) -> Iterator[Problem]:
    yield from problems(table, CATALOGUE, complete=True)
    names: dict[str, str] = {name: name for name in table["models"]}
    for name, entry in table["models"].items():
        at: Keys = ("models", name)
        for kind, known in (("family", "families"), ("instruction", "instructions")):
            if (said := entry.get(kind)) is not None and said not in table[known]:
                there = ", ".join(table[known])
                yield Problem((*at, kind), f"is {said!r}, and there is no such {kind}: {there}")
        for alias in entry.get("aliases", ()):
            if names.setdefault(alias, name) != name or alias in table["models"]:
                yield Problem((*at, "aliases"), f"has {alias!r}, which is {names[alias]} already")
        if "path" not in entry and "embedded" not in entry:
            yield from (Problem((*at, key), "is missing") for key in ELSEWHERE if key not in entry)
            if not entry.get("official") and not entry.get("sources"):
                yield Problem((*at, "sources"), "is missing, and so are official and path")


def _catalogue(table: Mapping[str, Any]) -> Catalogue:
    return Catalogue(
        models={name: model_of(name, entry, _PACKAGE) for name, entry in table["models"].items()},
        families={name: _family(name, entry) for name, entry in table["families"].items()},
        instructions={
            name: Instruction(prompt=entry["prompt"], response=entry["response"])
            for name, entry in table["instructions"].items()
        },
        verdicts=tuple(VerdictWords(entry["safe"], entry["unsafe"]) for entry in table["verdicts"]),
        repack=tuple(
            RepackRule(entry["feature"], tuple(entry["quants"]))
            for entry in table.get("repack", ())
        ),
    )


def _family(name: str, entry: Mapping[str, Any]) -> Family:
    return Family(
        name=name,
        marker=entry["marker"],
        control=tuple(entry["control"]),
        before=entry["before"],
        after=entry["after"],
        normalise=entry.get("normalise"),
    )
