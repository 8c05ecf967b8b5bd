"""What a pull would fetch: which files of which commit, and what each has to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from seaguard_cli.errors import (
    FileMissing,
    NotConvertible,
    QuantMissing,
    RepoBroken,
    RepoMissing,
    WrongHash,
)
from seaguard_cli.weights.hub import Hub, RemoteFile, Repo
from seaguard_cli.weights.hub.cache import cached
from seaguard_cli.weights.hub.files import Listed
from seaguard_cli.weights.model import Model, Source
from seaguard_cli.weights.quants import same_file

_WEIGHTS = ".safetensors"
# What a conversion reads; the rest of an official repo is pictures and prose.
_NEEDED = (_WEIGHTS, ".json", ".model", "merges.txt", ".jinja")


@dataclass(frozen=True, slots=True)
class Plan:
    """Files to fetch, in order: the parts of one quant, or an official checkpoint."""

    model: Model
    quant: str
    repo: str
    revision: str
    files: tuple[RemoteFile, ...]

    @property
    def size(self) -> int:
        """Give the bytes of all files together."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The files of one commit that a conversion reads. `licence` is what the repo says."""

    repo: str
    revision: str
    licence: str | None
    files: tuple[RemoteFile, ...]

    @property
    def name(self) -> str:
        """Give the repo's name without its owner."""
        return self.repo.rpartition("/")[2]

    @property
    def weights(self) -> tuple[RemoteFile, ...]:
        """Give the files with the weights."""
        return tuple(file for file in self.files if file.name.endswith(_WEIGHTS))

    @property
    def others(self) -> tuple[RemoteFile, ...]:
        """Give the files that tell what the weights are, small beside them."""
        return tuple(file for file in self.files if not file.name.endswith(_WEIGHTS))

    @property
    def size(self) -> int:
        """Give the bytes of all files together."""
        return sum(file.size for file in self.files)


def plan_source(hub: Hub, model: Model, quant: str, source: Source) -> Plan:
    """Plan to fetch a quant from a source of `models.toml`, held to what is pinned there.

    Raises HubError; WrongHash before anything is fetched if the Hub states another hash.
    """
    repo = hub.repo(source.repo, source.revision)
    name = source.name_of(quant)
    paths = [file for file in repo.files if same_file(file.path, name)]
    if not paths:
        if repo.quants and quant not in repo.quants:
            raise _quant_missing(repo, quant)
        raise FileMissing(repo=repo.name, file=name)
    files = _stated(hub, repo, _whole(paths, repo, quant))
    pins = source.sha256.get(quant, ()) if source.revision else ()
    return Plan(model, quant, repo.name, repo.commit, _pinned(files, pins))


def plan_repo(hub: Hub, model: Model, quant: str, name: str) -> Plan:
    """Plan to fetch a quant from a repo that a person named. Raises HubError."""
    repo = hub.repo(name)
    found = [file for file in repo.files if (named := file.named) and named.quant == quant]
    if not found:
        raise _quant_missing(repo, quant)
    files = _stated(hub, repo, _whole(found, repo, quant))
    return Plan(model, quant, repo.name, repo.commit, files)


def plan_named(hub: Hub, model: Model, quant: str, name: str) -> Plan:
    """Plan to fetch from the repo `name`, which may be one that models.toml says more of."""
    for source in model.sources:
        if source.repo == name:
            return plan_source(hub, model, quant, source)
    return plan_repo(hub, model, quant, name)


def plan_from_cache(model: Model, quant: str, name: str | None) -> Plan | None:
    """Plan to take a pinned file out of the Hub's cache, if it is there; asks no one."""
    for source in model.sources:
        pins = source.sha256.get(quant, ())
        if name in (None, source.repo) and source.pinned(quant) and len(pins) == 1:
            path = cached(source.repo, pins[0])
            if path is not None:
                size, revision = path.stat().st_size, str(source.revision)
                file = RemoteFile(
                    source.repo, revision, source.name_of(quant), "", size, pins[0], None
                )
                return Plan(model, quant, source.repo, revision, (file,))
    return None


def plan_official(hub: Hub, model: Model, quant: str) -> Plan:
    """Plan to fetch what a conversion needs from the official repo.

    Raises HubError, NotConvertible when it holds no safetensors, and RepoBroken.
    """
    found = _checkpoint(hub, official_repo(hub, model))
    return Plan(model, quant, found.repo, found.revision, found.files)


def plan_checkpoint(hub: Hub, name: str, revision: str | None = None) -> Checkpoint:
    """Plan to fetch what a conversion needs from any repo: a commit, branch or tag of it.

    Raises HubError, NotConvertible when it holds no safetensors, and RepoBroken.
    """
    return _checkpoint(hub, hub.repo(name, revision))


def official_repo(hub: Hub, model: Model) -> Repo:
    """Give the official repo, under whichever of its spellings there is one. Raises HubError."""
    missing = RepoMissing(repo=" or ".join(model.official) or f"official repo of {model.name}")
    for name in model.official:
        try:
            return hub.repo(name)
        except RepoMissing:
            continue
    raise missing


def is_needed(file: Listed) -> bool:
    """Tell whether a conversion reads this file of an official repo."""
    return not {"/", "\\", ":"} & set(file.path) and file.path.endswith(_NEEDED)


def _checkpoint(hub: Hub, repo: Repo) -> Checkpoint:
    needed = [file for file in repo.files if is_needed(file)]
    if not any(file.path.endswith(_WEIGHTS) for file in needed):
        raise NotConvertible(path=repo.name, problem="it holds no safetensors")
    try:
        files = _stated(hub, repo, needed)
    except FileMissing as error:
        path = f"{repo.name}/{error.facts['file']}"
        raise RepoBroken(path=path, problem="it is listed, and is not there") from error
    return Checkpoint(repo.name, repo.commit, repo.licence, files)


def _stated(hub: Hub, repo: Repo, listed: Sequence[Listed]) -> tuple[RemoteFile, ...]:
    return tuple(hub.file(repo, file.path) for file in listed)


def _whole(listed: Sequence[Listed], repo: Repo, quant: str) -> list[Listed]:
    """Give one whole set of files: a single one before parts, the plainest name before others."""
    singles = [file for file in listed if not (named := file.named) or named.parts == 1]
    if singles:
        return [min(singles, key=lambda file: (len(file.path), file.path))]
    sets: dict[int, dict[int, Listed]] = {}
    for file in sorted(listed, key=lambda file: (len(file.path), file.path), reverse=True):
        if named := file.named:
            sets.setdefault(named.parts, {})[named.part] = file
    for parts, found in sorted(sets.items()):
        if sorted(found) == list(range(1, parts + 1)):
            return [found[part] for part in sorted(found)]
    raise FileMissing(repo=repo.name, file=f"that completes the parts of {quant}")


def _pinned(files: tuple[RemoteFile, ...], pins: Sequence[str]) -> tuple[RemoteFile, ...]:
    """Hold files to the pinned hashes. A hash that the Hub states otherwise is not even tried."""
    if not pins:
        return files
    for file, pin in zip(files, pins, strict=False):
        if file.sha256 not in (None, pin):
            raise WrongHash(file=file.path, stated=pin, found=str(file.sha256))
    if len(files) != len(pins):
        raise FileMissing(repo=files[0].repo, file=f"in {len(pins)} parts, as models.toml says")
    return tuple(replace(file, sha256=pin) for file, pin in zip(files, pins, strict=True))


def _quant_missing(repo: Repo, quant: str) -> QuantMissing:
    return QuantMissing(repo=repo.name, quant=quant, others=", ".join(sorted(repo.quants)))
