"""A GGUF in floating-point numbers, written tensor by tensor as the checkpoint is read."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seaguard_cli.weights.convert.checkpoint import text_tensors
from seaguard_cli.weights.convert.configuration import Configuration, read_configuration
from seaguard_cli.weights.convert.floats import BYTES, encoded
from seaguard_cli.weights.convert.metadata import add_configuration, add_general
from seaguard_cli.weights.convert.results import Progress, Provenance, Step
from seaguard_cli.weights.convert.tensors import Planned, plan_tensors
from seaguard_cli.weights.convert.vocabulary import Listing, add_vocabulary, read_vocabulary

if TYPE_CHECKING:
    import gguf


class Source:
    """A checkpoint whose every file has been looked at, though no weights were read."""

    def __init__(self, folder: Path, provenance: Provenance) -> None:
        self.folder = folder
        self.provenance = provenance
        self.configuration: Configuration = read_configuration(folder)
        stored = text_tensors(folder)
        self.tensors: Sequence[Planned] = plan_tensors(folder, stored, self.configuration)
        self.vocabulary: Listing = read_vocabulary(folder, self.configuration)

    @property
    def name(self) -> str:
        """Give what the model is called: its repo's name, or its folder's."""
        return (self.provenance.repo or self.folder.resolve().name).rpartition("/")[2]

    def size(self, quant: str) -> int:
        """Give the bytes that all tensors take in a file of F32, F16 or BF16."""
        return sum(_size(tensor, quant) for tensor in self.tensors)


def read_all_but_weights(folder: Path) -> Configuration:
    """Read what tells whether a checkpoint can be converted, before its weights are there.

    Raises NotConvertible and CheckpointBroken.
    """
    configuration = read_configuration(folder)
    read_vocabulary(folder, configuration)
    return configuration


def write_float(source: Source, path: Path, quant: str, progress: Progress) -> None:
    """Write `source` to `path` as F32, F16 or BF16; vectors are F32 in each.

    Raises CheckpointBroken and NotConvertible for what only reading shows, and OSError.
    """
    import gguf

    logging.getLogger("gguf.gguf_writer").setLevel(logging.ERROR)
    writer = gguf.GGUFWriter(path, source.configuration.architecture)
    try:
        add_general(writer, source.name, quant, source.provenance)
        add_configuration(writer, source.configuration)
        add_vocabulary(writer, source.folder, source.vocabulary)
        for tensor in source.tensors:
            _announce(writer, tensor, quant)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        _write_tensors(writer, source, quant, progress)
    finally:
        writer.close()


def _announce(writer: gguf.GGUFWriter, tensor: Planned, quant: str) -> None:
    import gguf
    import numpy as np

    kind = gguf.GGMLQuantizationType[_type(tensor, quant)]
    # The type that numpy would give is overruled: it has none for BF16.
    dtype = np.dtype(np.float32)
    writer.add_tensor_info(tensor.name, tensor.shape, dtype, _size(tensor, quant), raw_dtype=kind)


def _write_tensors(writer: gguf.GGUFWriter, source: Source, quant: str, progress: Progress) -> None:
    """Write what was announced. The package's own way takes a whole tensor at a time."""
    assert writer.fout is not None
    file = writer.fout[0]
    total, done = source.size(quant), 0
    writer.write_padding(file, file.tell())
    for tensor in source.tensors:
        for data in encoded(tensor, _type(tensor, quant)):
            file.write(data.data)
            done += data.size
            progress(Step(quant, "writing", done, total))
        writer.write_padding(file, file.tell())
    file.flush()
    os.fsync(file.fileno())


def _type(tensor: Planned, quant: str) -> str:
    return quant if tensor.matrix else "F32"


def _size(tensor: Planned, quant: str) -> int:
    return tensor.count * BYTES[_type(tensor, quant)]
