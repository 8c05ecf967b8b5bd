"""The Hub through its own client for what it says, and through requests of ours for the bytes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from seaguard_cli import __version__
from seaguard_cli.errors import FileMissing
from seaguard_cli.weights.hub import patience
from seaguard_cli.weights.hub.failures import translated
from seaguard_cli.weights.hub.files import Listed, RemoteFile, Repo
from seaguard_cli.weights.schema import is_repo

if TYPE_CHECKING:
    import httpx2
    from huggingface_hub import ModelInfo

_SHA256_DIGITS, _GIT_DIGITS = 64, 40
_MOST_FOUND = 30


class Hub:
    """One Hub, or a mirror of it: HF_ENDPOINT. HF_TOKEN is honoured by huggingface_hub.

    Making one imports huggingface_hub and sets its client for this process, with its telemetry
    off. Every method raises HubError.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        from huggingface_hub import HfApi, constants, set_client_factory

        from seaguard_cli.weights.hub.client import PatientClient

        constants.HF_HUB_DISABLE_TELEMETRY = True
        # It logs what it retries; we say it ourselves.
        logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL)
        set_client_factory(lambda: PatientClient(patience.usual))
        self.endpoint = (variables.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")
        self._api = HfApi(
            endpoint=self.endpoint, library_name="seaguard", library_version=__version__
        )

    def repo(self, name: str, revision: str | None = None) -> Repo:
        """Give what the Hub says of a repo; of a renamed one, under its new name."""
        with translated(self.endpoint, repo=name, revision=revision):
            info = self._api.model_info(name, revision=revision, files_metadata=True)
            if not is_repo(info.id):
                raise ValueError(info.id)
            return _repo(info)

    def search(self, *, tag: str | None = None, words: str | None = None) -> Iterator[str]:
        """Give the names of repos with GGUFs that have a tag, or words in their name."""
        with translated(self.endpoint, repo=tag or words or ""):
            found: Iterable[ModelInfo] = self._api.list_models(
                filter=["gguf", tag] if tag else "gguf", search=words, limit=_MOST_FOUND
            )
            yield from (info.id for info in found)

    def file(self, repo: Repo, path: str) -> RemoteFile:
        """Give what the Hub states of a file at the repo's commit: its size and its hash."""
        from huggingface_hub import get_hf_file_metadata, hf_hub_url

        url = hf_hub_url(repo.name, path, revision=repo.commit, endpoint=self.endpoint)
        with translated(self.endpoint, repo=repo.name, revision=repo.commit, file=path):
            stated = get_hf_file_metadata(url, headers=self._headers(), endpoint=self.endpoint)
        listed = next((one.size for one in repo.files if one.path == path), None)
        size = listed if stated.size is None else stated.size
        if size is None:
            raise FileMissing(repo=repo.name, file=f"{path} with a size")
        etag = (stated.etag or "").lower()
        a_hash = set(etag) <= set("0123456789abcdef")
        return RemoteFile(
            repo=repo.name,
            commit=repo.commit,
            path=path,
            url=url,
            size=size,
            sha256=etag if a_hash and len(etag) == _SHA256_DIGITS else None,
            git_hash=etag if a_hash and len(etag) == _GIT_DIGITS else None,
        )

    @contextmanager
    def open(self, file: RemoteFile, start: int, etag: str | None) -> Iterator[httpx2.Response]:
        """Ask for a file from byte `start` on, if it still is what `etag` says.

        The response's body is not read yet. Its status may be one of an error of the storage
        that the Hub redirects to.
        """
        from huggingface_hub import get_session

        headers = {**self._headers(), "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
            if etag:
                headers["If-Range"] = etag
        with get_session().stream("GET", file.url, headers=headers) as response:
            if response.is_error and str(response.url).startswith(self.endpoint):
                from huggingface_hub.utils import hf_raise_for_status  # type: ignore[attr-defined]

                with translated(self.endpoint, file.repo, file.commit, file.path):
                    response.read()
                    if response.status_code != 416:
                        hf_raise_for_status(response)
            yield response

    def _headers(self) -> dict[str, str]:
        from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

        headers: dict[str, str] = build_hf_headers(
            library_name="seaguard", library_version=__version__
        )
        return headers


def _repo(info: ModelInfo) -> Repo:
    prefixes = ("base_model:quantized:", "base_model:")
    tags = [tag for tag in info.tags or () if tag.startswith(prefixes)]
    licence = next((tag for tag in info.tags or () if tag.startswith("license:")), None)
    return Repo(
        name=info.id,
        commit=info.sha or "main",
        downloads=info.downloads or 0,
        licence=licence and licence.removeprefix("license:"),
        base_models=tuple(tag.rpartition(":")[2] for tag in tags),
        files=tuple(Listed(one.rfilename, one.size) for one in info.siblings or ()),
    )
