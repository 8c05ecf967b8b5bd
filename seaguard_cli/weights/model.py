"""A model as `models.toml` describes it: what it is, where its weights are, and its shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_QUANT = "{quant}"


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a model: what its weights and its KV cache take follows from them."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    ffn: int
    vocabulary: int
    tied: bool
    sliding_window: int | None = None
    global_every: int = 1


@dataclass(frozen=True, slots=True)
class Source:
    """A repo with GGUFs of a model. `sha256` are the known ones by quant, one for each part."""

    repo: str
    file: str
    revision: str | None = None
    sha256: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def name_of(self, quant: str) -> str:
        """Give the file's name for a quant, without the number of a part."""
        return self.file.replace(_QUANT, quant)

    def pinned(self, quant: str) -> bool:
        """Tell whether revision and hash are known, so that what comes can only be this."""
        return self.revision is not None and quant in self.sha256


@dataclass(frozen=True, slots=True)
class Model:
    """An entry of `models.toml`: one model, whatever its quant.

    `family` is None for a file of which nothing is said: its vocabulary tells. `embedded` and
    `path` are files that are here without being fetched.
    """

    name: str
    aliases: tuple[str, ...]
    summary: str
    official: tuple[str, ...]
    architecture: str | None
    family: str | None
    instruction: str
    languages: tuple[str, ...]
    licence: str | None
    licence_link: str | None
    default_quant: str
    trained_context: int | None
    max_context: int | None
    sources: tuple[Source, ...]
    shape: Shape | None
    embedded: Path | None
    path: Path | None
    demonstration: bool

    @property
    def short(self) -> str:
        """Give the name that is quickest to type."""
        return min((self.name, *self.aliases), key=len)


def model_of(name: str, entry: Mapping[str, Any], package: Path) -> Model:
    """Give the model that a sound entry describes; `package` is where embedded ones lie."""
    embedded, path, shape = entry.get("embedded"), entry.get("path"), entry.get("shape")
    return Model(
        name=name,
        aliases=tuple(entry.get("aliases", ())),
        summary=entry.get("summary", ""),
        official=tuple(entry.get("official", ())),
        architecture=entry.get("architecture"),
        family=entry.get("family"),
        instruction=entry.get("instruction", "sea-guard"),
        languages=tuple(entry.get("languages", ())),
        licence=entry.get("licence"),
        licence_link=entry.get("licence_link"),
        default_quant=entry.get("default_quant", "Q4_K_M"),
        trained_context=entry.get("trained_context"),
        max_context=entry.get("max_context"),
        sources=tuple(_source(one) for one in entry.get("sources", ())),
        shape=Shape(**shape) if shape else None,
        embedded=package / embedded if embedded else None,
        path=Path(path).expanduser() if path else None,
        demonstration=entry.get("demonstration", False),
    )


def _source(entry: Mapping[str, Any]) -> Source:
    return Source(
        repo=entry["repo"],
        file=entry["file"],
        revision=entry.get("revision"),
        sha256={
            quant: tuple(known) if isinstance(known, list) else (known,)
            for quant, known in entry.get("sha256", {}).items()
        },
    )
