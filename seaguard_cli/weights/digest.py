"""The SHA-256 of weights, remembered: gigabytes are hashed once, and not at every start.

What is remembered of a file lies in a small file of its own in the state folder, put there in one
piece: processes that write at the same time do not disturb one another, and what cannot be read is
hashed again.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from seaguard_cli.state import make_private, state_folder
from seaguard_cli.weights.hashing import sha256_of
from seaguard_cli.weights.store import Manifest, Store, default_store, replace_with

if TYPE_CHECKING:
    from seaguard_cli.weights.pulling import Progress

# llama.cpp finds the parts of a split file by exactly this ending.
_PART = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")
_SECOND = 10**9
# A file system may count time in steps of two seconds. A file that was changed so lately could be
# changed once more within the same step, and nothing would tell.
_UNSETTLED = 2 * _SECOND


class FileState(NamedTuple):
    """What tells that a file is the one that was looked at. Times are nanoseconds since 1970.

    `changed` is when anything about the file changed; unlike `modified` nobody can set it.
    """

    size: int
    modified: int
    changed: int
    inode: int


# Each part of a GGUF with its state, None for no file, and its hash, None where it is not known.
_Known = Mapping[Path, tuple[FileState | None, str | None]]


@dataclass(frozen=True, slots=True)
class Digest:
    """The SHA-256 of each part of a GGUF, in order: one where it is not split, "" for none there.

    `states` are those of the files when they were hashed.
    """

    hashes: tuple[str, ...]
    paths: tuple[Path, ...]
    states: tuple[FileState | None, ...]

    def holds(self) -> bool:
        """Tell whether the files are still those that were hashed."""
        return all(
            _state(path) == state for path, state in zip(self.paths, self.states, strict=True)
        )


def digest_of(
    path: Path,
    progress: Progress | None = None,
    *,
    memo: Path | None = None,
    store: Store | None = None,
) -> Digest:
    """Give the digest of the GGUF at `path` with all its parts; hashes what is not known yet.

    `memo` is the folder for what is remembered, `store` the one whose manifests know files.
    Raises OSError when a file cannot be read, or changes while it is.
    """
    memo = memo or state_folder() / "digests"
    known = _look_up(path, memo, store)
    hashes = [
        (sha256 or _hash(memo, part, state, progress)) if state else ""
        for part, (state, sha256) in known.items()
    ]
    digest = _digest(known, hashes)
    if not any(hashes) or not digest.holds():
        raise OSError("it is gone, or changed while it was hashed")
    return digest


def known_digest(path: Path) -> Digest | None:
    """Give the digest of the GGUF at `path` if it is known already; hashes nothing."""
    known = _look_up(path, state_folder() / "digests")
    hashes = [sha256 for _, sha256 in known.values() if sha256]
    return _digest(known, hashes) if len(hashes) == len(known) else None


def identity_of(path: Path) -> Digest | None:
    """Give what tells the GGUF at `path` from all others, at once: nothing is hashed.

    In place of a hash that is not remembered stand place and state of the file, which is what a
    remembered one is trusted by. None for a file that is not there, or was changed so lately that
    its state tells nothing.
    """
    known = _look_up(path, state_folder() / "digests")
    latest = time.time_ns() - _UNSETTLED
    if any(state is None or state.changed >= latest for state, _ in known.values()):
        return None
    return _digest(
        known, [sha256 or f"{part} {state!r}" for part, (state, sha256) in known.items()]
    )


def _look_up(path: Path, memo: Path, store: Store | None = None) -> _Known:
    """Give the state of each part, and its hash if a manifest or `memo` knows it."""
    states = {part: _state(part) for part in parts_of(Path(os.path.abspath(path)))}
    verified = _by_manifest(states, store or default_store())
    return {
        part: (state, verified.get(part) or (_remembered(memo, part, state) if state else None))
        for part, state in states.items()
    }


def _digest(known: _Known, hashes: Sequence[str]) -> Digest:
    return Digest(tuple(hashes), tuple(known), tuple(state for state, _ in known.values()))


def parts_of(path: Path) -> list[Path]:
    """Give all files of a GGUF that is split, or the one that is not."""
    number = _PART.search(path.name)
    if not number:
        return [path]
    stem, count = path.name[: number.start()], int(number[2])
    names = [f"{stem}-{part:05d}-of-{number[2]}.gguf" for part in range(1, count + 1)]
    return [path.with_name(name) for name in names] or [path]


def _state(path: Path) -> FileState | None:
    """Give the state of a file, or None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    # Where it is not the time of the last change, but that of the file's making.
    changed = found.st_ctime_ns if os.name == "posix" else found.st_mtime_ns
    return FileState(found.st_size, found.st_mtime_ns, changed, found.st_ino)


def _by_manifest(states: Mapping[Path, FileState | None], store: Store) -> dict[Path, str]:
    """Give the hashes of files that were verified when seaguard put them there, and are as then."""
    folder = Path(os.path.abspath(store.folder))
    if not any(path.parent == folder for path in states):
        return {}
    return {
        folder / file.name: file.sha256
        for manifest in store.all()
        for file in manifest.files
        if (state := states.get(folder / file.name))
        and state.size == file.size
        and _made_before(state, manifest)
    }


def _made_before(state: FileState, manifest: Manifest) -> bool:
    """Tell whether nothing changed a file since its manifest was written, to the second."""
    try:
        written = datetime.fromisoformat(manifest.at).timestamp()
    except ValueError:
        return False
    return max(state.modified, state.changed) < (int(written) + 1) * _SECOND


def _hash(memo: Path, path: Path, state: FileState, progress: Progress | None) -> str:
    begun = time.time_ns()
    if progress:
        progress.begin(f"hashing {path.name}, once", state.size)
    try:
        found = sha256_of(path, progress.at if progress else lambda _: None)
    finally:
        if progress:
            progress.end()
    if state.changed < begun - _UNSETTLED and state == _state(path):
        _remember(memo, path, state, found)
    return found


def _remembered(memo: Path, path: Path, state: FileState) -> str | None:
    try:
        said = json.loads(_place(memo, path).read_bytes())
        fits = said["path"] == str(path) and said["state"] == list(state)
        return str(said["sha256"]) if fits and len(said["sha256"]) == 64 else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _remember(memo: Path, path: Path, state: FileState, sha256: str) -> None:
    """Keep a hash; where that cannot be, it is taken again next time."""
    said = {"path": str(path), "state": list(state), "sha256": sha256}
    with suppress(OSError):
        make_private(memo.parent)
        replace_with(_place(memo, path), json.dumps(said).encode())


def _place(memo: Path, path: Path) -> Path:
    name = blake2b(os.fsencode(path), digest_size=16).hexdigest()
    return memo / f"{name}.json"
