"""From a folder of official safetensors to GGUFs, each there only when it is whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from seaguard_cli.errors import ConversionFailed, NotConvertible, UsageError
from seaguard_cli.weights.convert.origin import origin_of
from seaguard_cli.weights.convert.quantiser import quantise
from seaguard_cli.weights.convert.quants import DEFAULT, FLOATS, exact_float, require_known
from seaguard_cli.weights.convert.results import Output, Progress, Provenance, Result
from seaguard_cli.weights.convert.room import require_room
from seaguard_cli.weights.convert.writing import Source, write_float

_QUANT = "{quant}"


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
    happens, no half file is left under the name of an output.
    """
    asked = require_known(quants)
    if not source_folder.is_dir():
        raise NotConvertible(path=str(source_folder), problem="it is not a folder")
    source = Source(source_folder, provenance or origin_of(source_folder))
    targets = {quant: _target(out, source.name, quant, len(asked)) for quant in asked}
    for path in targets.values():
        _require_free(path, overwrite)
    folder = next(iter(targets.values())).parent
    between = None
    if any(quant not in FLOATS for quant in asked):
        between = exact_float(source.tensors)
    require_room(folder, source, asked, None if between in asked else between)
    with _workplace(folder) as workplace:
        made = _make(source, workplace, asked, between, progress, threads)
        # All are whole: from here on it is renaming within one file system.
        for quant, path in made.items():
            os.replace(path, targets[quant])
    return Result(
        architecture=source.configuration.architecture,
        parameters=sum(tensor.count for tensor in source.tensors),
        provenance=source.provenance,
        outputs=tuple(Output(path, quant, path.stat().st_size) for quant, path in targets.items()),
    )


def _make(
    source: Source,
    workplace: Path,
    asked: Sequence[str],
    between: str | None,
    progress: Progress,
    threads: int,
) -> dict[str, Path]:
    """Make every file under a temporary name; give them by quant."""
    floats = {quant for quant in asked if quant in FLOATS} | ({between} if between else set())
    made = {quant: workplace / f"{quant}.gguf" for quant in (*floats, *asked)}
    for quant in sorted(floats):
        write_float(source, made[quant], quant, progress)
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


@contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """Give a folder beside the outputs that is gone afterwards, with all that is in it."""
    try:
        workplace = Path(tempfile.mkdtemp(prefix=".seaguard-convert-", dir=folder))
        try:
            yield workplace
        finally:
            shutil.rmtree(workplace, ignore_errors=True)
    except OSError as error:
        raise ConversionFailed(path=str(folder), reason=error.strerror or str(error)) from error


def _settle(path: Path) -> None:
    """Have the disk hold the file before it gets its name."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())
