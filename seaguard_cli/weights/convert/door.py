"""From a folder of official safetensors to GGUFs, each there only when it is whole."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seaguard_cli.errors import NotConvertible, UsageError
from seaguard_cli.weights.convert.origin import origin_of
from seaguard_cli.weights.convert.quantiser import quantise
from seaguard_cli.weights.convert.quants import DEFAULT, FLOATS, exact_float, require_known
from seaguard_cli.weights.convert.results import Output, Progress, Provenance, Result
from seaguard_cli.weights.convert.room import require_room
from seaguard_cli.weights.convert.workplace import sweep, workplace
from seaguard_cli.weights.convert.writing import Source, write_float

_QUANT = "{quant}"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A conversion of which everything but the weights has been looked at, and nothing written.

    `between` is the type of the file that the quantiser reads, None where no quant is asked for.
    """

    source: Source
    targets: Mapping[str, Path]
    between: str | None

    @property
    def architecture(self) -> str:
        """Give its name in GGUF."""
        return self.source.configuration.architecture

    @property
    def parameters(self) -> int:
        """Give how many numbers the text part has."""
        return sum(tensor.count for tensor in self.source.tensors)

    @property
    def folder(self) -> Path:
        """Give where the files will lie."""
        return next(iter(self.targets.values())).parent

    def require_room(self) -> None:
        """Raise NoRoomToConvert unless the files, and the one between, go on the disk."""
        between = None if self.between in self.targets else self.between
        require_room(self.folder, self.source, self.targets, between)


def convert(
    source_folder: Path,
    out: Path,
    *,
    quants: Sequence[str] = (DEFAULT,),
    provenance: Provenance | None = None,
    progress: Progress = lambda _step: None,
    overwrite: bool = False,
    threads: int = 0,
) -> Result:
    """Convert the checkpoint in `source_folder` to one GGUF for each quant.

    `out` is a file; or with `{quant}` in its name one for each; or a folder, for files called
    NAME-QUANT.gguf. Quants are made by llama.cpp's quantiser, on `threads` threads (0: all), from
    a 16-bit file that is removed afterwards. Resident memory stays under the size of the largest
    tensor plus 1 GB.

    Raises UsageError (unknown quant, `out` names one file for several or one that is there),
    NotConvertible (none of the three architectures), CheckpointBroken (files missing, not whole or
    contradictory), NoRoomToConvert, QuantiserFailed, ConversionFailed (writing broke off). Whatever
    happens, no half file is left under the name of an output; what a killed conversion has left in
    the same folder is removed.
    """
    one = prepare(source_folder, out, quants=quants, provenance=provenance, overwrite=overwrite)
    # What was left behind may take the very room that is needed.
    sweep(one.folder)
    one.require_room()
    with workplace(one.folder) as place:
        made = _make(one, place, progress, threads)
        for path in one.targets.values():
            # It took minutes: another process may have written there meanwhile.
            _require_free(path, overwrite)
        # All are whole: from here on it is renaming within one file system.
        for quant, path in made.items():
            os.replace(path, one.targets[quant])
    return Result(
        architecture=one.architecture,
        parameters=one.parameters,
        provenance=one.source.provenance,
        outputs=tuple(
            Output(path, quant, path.stat().st_size) for quant, path in one.targets.items()
        ),
    )


def prepare(
    source_folder: Path,
    out: Path,
    *,
    quants: Sequence[str] = (DEFAULT,),
    provenance: Provenance | None = None,
    overwrite: bool = False,
) -> Prepared:
    """Look at everything that `convert` would read, and name what it would write.

    Raises UsageError, NotConvertible and CheckpointBroken as `convert` does.
    """
    asked = require_known(quants)
    if not source_folder.is_dir():
        raise NotConvertible(path=str(source_folder), problem="it is not a folder")
    source = Source(source_folder, provenance or origin_of(source_folder))
    targets = targets_of(source.name, out, asked, overwrite=overwrite)
    quantised = any(quant not in FLOATS for quant in asked)
    return Prepared(source, targets, exact_float(source.tensors) if quantised else None)


def targets_of(name: str, out: Path, quants: Sequence[str], *, overwrite: bool) -> dict[str, Path]:
    """Give the file of each quant, of a model called `name`.

    Raises UsageError when `out` cannot hold them all, or one is there already.
    """
    asked = require_known(quants)
    found = {quant: _target(out, name, quant, len(asked)) for quant in asked}
    for path in found.values():
        _require_free(path, overwrite)
    return found


def _make(one: Prepared, place: Path, progress: Progress, threads: int) -> dict[str, Path]:
    """Make every file under a temporary name; give them by quant."""
    between, asked = one.between, list(one.targets)
    floats = {quant for quant in asked if quant in FLOATS} | ({between} if between else set())
    made = {quant: place / f"{quant}.gguf" for quant in (*floats, *asked)}
    for quant in sorted(floats):
        write_float(one.source, made[quant], quant, progress)
    for quant in asked:
        if between and quant not in FLOATS:
            quantise(made[between], made[quant], quant, progress, threads)
            _settle(made[quant])
    return {quant: made[quant] for quant in asked}


def _target(out: Path, name: str, quant: str, count: int) -> Path:
    if out.is_dir():
        return out / f"{name}-{quant}.gguf"
    if _QUANT in out.name:
        return out.with_name(out.name.replace(_QUANT, quant))
    if count > 1:
        problem = f"{out} names one file for {count} quants"
        raise UsageError(problem=problem, remedy=f"give a folder, or a name with {_QUANT} in it")
    return out


def _require_free(path: Path, overwrite: bool) -> None:
    if path.exists() and not (overwrite and path.is_file()):
        raise UsageError(
            problem=f"{path} exists already", remedy="name another with -o, or say --overwrite"
        )
    if not path.parent.is_dir():
        problem = f"{path.parent} is not a folder"
        raise UsageError(problem=problem, remedy="make it first, or name another with -o")


def _settle(path: Path) -> None:
    """Have the disk hold the file before it gets its name."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())
