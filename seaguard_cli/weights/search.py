"""Which repos on the Hub have GGUFs of a model: those that declare it, and those named like it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from seaguard_cli.errors import AccessMissing, FileMissing, RepoMissing
from seaguard_cli.weights.hub import Hub, Repo
from seaguard_cli.weights.model import Model
from seaguard_cli.weights.plan import is_needed, official_repo
from seaguard_cli.weights.schema import is_repo

_MOST_LOOKED_AT = 12


@dataclass(frozen=True, slots=True)
class Found:
    """A repo with GGUFs of a model. `declared`: its card names the official repo as base model.

    `known`: models.toml names it. Sizes by quant, None where a listing does not say.
    """

    repo: str
    uploader: str
    downloads: int
    declared: bool
    known: bool
    quants: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Building:
    """What building a model here would fetch: the official repo, and the bytes of its files."""

    repo: str
    size: int | None


def search(hub: Hub, model: Model) -> list[Found]:
    """Ask the Hub for GGUFs of a model: those that say so first, then by downloads.

    Raises HubError when the Hub does not answer; a single repo that does not is left out.
    """
    known = [source.repo for source in model.sources]
    names = dict.fromkeys(known)
    # A mirror that cannot be searched answers that it has no such page.
    with suppress(RepoMissing):
        for official in model.official:
            names |= dict.fromkeys(hub.search(tag=f"base_model:quantized:{official}"))
        for stem in dict.fromkeys(_stem(official) for official in model.official):
            names |= dict.fromkeys(hub.search(words=stem))
    found: dict[str, Found] = {}
    # huggingface_hub takes no other name, and no repo that could be fetched from has one.
    for name in list(filter(is_repo, names))[:_MOST_LOOKED_AT]:
        try:
            repo = hub.repo(name)
        except (RepoMissing, AccessMissing, FileMissing):
            continue
        if repo.quants and repo.name not in found:
            found[repo.name] = _found(repo, model, known=name in known)
    return sorted(found.values(), key=lambda one: (not one.declared, -one.downloads, one.repo))


def building(hub: Hub, model: Model) -> Building | None:
    """Give what a conversion would fetch; None when there is no official repo to be had."""
    try:
        repo = official_repo(hub, model)
    except (RepoMissing, AccessMissing):
        return None
    sizes = [file.size for file in repo.files if is_needed(file)]
    known = [size for size in sizes if size is not None]
    return Building(repo.name, sum(known) if len(known) == len(sizes) else None)


def _found(repo: Repo, model: Model, *, known: bool) -> Found:
    return Found(
        repo=repo.name,
        uploader=repo.name.partition("/")[0],
        downloads=repo.downloads,
        declared=any(base in model.official for base in repo.base_models),
        known=known,
        quants=repo.quants,
    )


def _stem(official: str) -> str:
    """Give what the spellings of a repo have in common: its name without the date at its end."""
    return official.partition("/")[2].rpartition("-")[0]
