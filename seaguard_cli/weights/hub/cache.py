"""The Hub's own cache on this machine: what another program fetched need not be fetched again."""

from __future__ import annotations

from pathlib import Path


def cached(repo: str, sha256: str) -> Path | None:
    """Give the file with this hash in huggingface_hub's cache of a repo, by its name alone.

    The cache names large files by their SHA-256; whether one is whole its reader has to check.
    """
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    folder = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=repo, repo_type="model")
    path = folder / "blobs" / sha256
    return path if path.is_file() else None


def snapshot(repo: str, revision: str | None) -> Path | None:
    """Give the folder of a commit, branch or tag in huggingface_hub's cache, if one is there.

    Whether all its files are there too its reader has to see.
    """
    from huggingface_hub import constants, try_to_load_from_cache

    found = try_to_load_from_cache(
        repo, "config.json", cache_dir=constants.HF_HUB_CACHE, revision=revision
    )
    return Path(found).parent if isinstance(found, str) else None
