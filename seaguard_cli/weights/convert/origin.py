"""Where a folder came from, as far as its place in a cache of the Hub tells."""

from __future__ import annotations

import re
from pathlib import Path

from seaguard_cli.weights.convert.results import Provenance

_REPO = re.compile(r"models--(.+?)--(.+)")


def origin_of(folder: Path) -> Provenance:
    """Give the repo and commit of a folder in a Hub cache, else nothing.

    A cache keeps them as `models--OWNER--NAME/snapshots/COMMIT`.
    """
    commit, snapshots, repo = folder.absolute(), folder.absolute().parent, None
    if snapshots.name == "snapshots":
        repo = _REPO.fullmatch(snapshots.parent.name)
    return Provenance(f"{repo[1]}/{repo[2]}", commit.name) if repo else Provenance()
