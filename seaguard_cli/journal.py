"""The journal of a run: how far its output stands, and what has to be the same to go on.

It lies beside the output as FILE.run.json. What counts is the last position that it holds: so many
records judged, so many bytes of output, and a digest of the input so far. Whatever the output
holds beyond that is cut off and judged again, so nothing half written is ever kept.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

from seaguard_cli import sound
from seaguard_cli.errors import CannotResume, OutputFailed
from seaguard_cli.pipeline import Tally
from seaguard_cli.records import Header, Record

VERSION = 1
_SUFFIX = ".run.json"

Settings = Mapping[str, Any]
Counts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Position:
    """How far a run is: records judged, the bytes of its output, and two digests in hex.

    `input` is that of all that was read, `ending` that of the output's last bytes up to `size`.
    """

    records: int = 0
    size: int = 0
    input: str = ""
    ending: str = ""


class InputDigest:
    """A running digest of everything that was read, record by record.

    Where one record ends and the next begins counts, and so does a table's header.
    """

    def __init__(self) -> None:
        self._state = blake2b(digest_size=16)

    def add(self, one: Record | Header) -> None:
        """Take one record or header."""
        if isinstance(one, Record):
            # An argument's bytes are its prompt's; its response is only among the cells.
            kind, texts = b"record", one.cells or ()
        else:
            # Parquet has no bytes for its columns.
            kind, texts = b"header", () if one.raw else one.names
        for part in (one.raw, *(text.encode("utf-8", "surrogatepass") for text in texts)):
            self._state.update(b"%s %d " % (kind, len(part)))
            self._state.update(part)

    @property
    def value(self) -> str:
        """The digest so far, in hex."""
        return self._state.hexdigest()


@dataclass(frozen=True, slots=True)
class Journal:
    """What FILE.run.json holds. `finished` says that the run came to its end."""

    settings: Settings
    position: Position = Position()
    counts: Counts = field(default_factory=lambda: Tally().counts())
    finished: bool = False

    @classmethod
    def load(cls, output: Path) -> Self:
        """Give the journal of an output. Raises CannotResume if there is none that can be read."""
        import orjson

        path = path_of(output)
        try:
            held = sound.members(orjson.loads(path.read_bytes()))
            if sound.count(held["version"]) != VERSION:
                raise CannotResume(path=str(path), problem="another version of seaguard wrote it")
            position = sound.members(held["position"])
            return cls(
                sound.members(held["settings"]),
                Position(
                    sound.count(position["records"]),
                    sound.count(position["size"]),
                    sound.text(position["input"]),
                    sound.text(position["ending"]),
                ),
                Tally.from_counts(sound.members(held["counts"])).counts(),
                sound.switch(held["finished"]),
            )
        except FileNotFoundError as error:
            raise CannotResume(path=str(path), problem="there is no such file") from error
        except (OSError, ValueError, KeyError) as error:
            raise CannotResume(path=str(path), problem="it cannot be read") from error

    def require_same(self, settings: Settings, output: Path) -> None:
        """Raise CannotResume, naming what differs, unless the run was begun with `settings`."""
        names = sorted(self.settings.keys() | settings.keys())
        changed = [name for name in names if self.settings.get(name) != settings.get(name)]
        if changed:
            problem = f"the run was begun {_differences(self.settings, changed)}"
            raise CannotResume(path=str(output), problem=problem)

    def save(self, output: Path) -> None:
        """Put it in place of what is there, all or nothing. Raises OutputFailed."""
        import orjson

        path = path_of(output)
        held = {
            "version": VERSION,
            "finished": self.finished,
            "position": self.position,
            "counts": self.counts,
            "settings": self.settings,
        }
        new = path.with_name(path.name + ".new")
        try:
            with new.open("wb") as file:
                file.write(orjson.dumps(held, option=orjson.OPT_INDENT_2) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(new, path)
        except OSError as error:
            raise OutputFailed(path=str(path), reason=error.strerror or str(error)) from error

    def at(self, position: Position, counts: Counts) -> Journal:
        """Give the journal of the same run at another position."""
        return Journal(self.settings, position, counts)


def _differences(settings: Settings, changed: Sequence[str]) -> str:
    """Give in words how a run with `settings` was begun, where it was not as this one."""
    switches = [name for name in changed if isinstance(settings.get(name), bool)]
    named = {name: f"--{name.replace(' ', '-')}" for name in switches}
    had = [_another(name) for name in changed if name not in named]
    had += [named[name] for name in switches if settings[name]]
    lacked = [named[name] for name in switches if not settings[name]]
    said = {"with": had, "without": lacked}
    return ", ".join(f"{word} {', '.join(names)}" for word, names in said.items() if names)


def _another(name: str) -> str:
    return "other weights" if name == "weights" else f"another {name}"


def path_of(output: Path) -> Path:
    """Give where the journal of an output lies."""
    return output.with_name(output.name + _SUFFIX)
