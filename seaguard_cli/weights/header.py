"""A GGUF's header, read without loading the file: its metadata, and where its tensors lie.

`gguf.GGUFReader` takes seconds for a vocabulary of 150,000 tokens; here long arrays are passed
over.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from seaguard_cli.errors import WeightsUnreadable

_MAGIC, _VERSIONS = b"GGUF", (2, 3)
_STRING, _ARRAY = 8, 9
_FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q"}
_FORMATS[12] = "d"
_ALIGNMENT = "general.alignment"
# ggml.h, GGML_MAX_DIMS.
_MOST_DIMENSIONS = 4

# As a file has it: its length, its name, and that it is a 32-bit number. llama.cpp's quantiser
# writes it last, behind the vocabulary.
_FILE_TYPE = "general.file_type"
_FILE_TYPE_BYTES = struct.pack("<Q", len(_FILE_TYPE)) + _FILE_TYPE.encode() + struct.pack("<I", 4)
_TOKENS = "tokenizer.ggml.tokens"
# The vocabulary and the merges of the largest model have 15 MB.
_FARTHEST = 64 * 2**20
_LONG_ARRAY = 1000

Plain = str | int | float | bool
Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor: its name, and the bytes [start, end) of the file that it takes."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF says of itself; arrays are left out of `metadata`."""

    metadata: Mapping[str, Plain]
    tensors: tuple[Tensor, ...]
    size: int

    def beyond(self) -> Tensor | None:
        """Give a tensor that does not lie within the file, if there is one."""
        return next((tensor for tensor in self.tensors if tensor.end > self.size), None)


@dataclass(frozen=True, slots=True)
class Start:
    """What a GGUF says before its vocabulary, its file type, and the number of its tokens."""

    metadata: Mapping[str, Plain]
    tokens: int


def read_header(path: Path) -> Header:
    """Read a header. Raises WeightsUnreadable when it is none, or cut off."""
    return _read(path, lambda reader: reader.header())


def read_start(path: Path) -> Start:
    """Read a header up to its vocabulary, which alone takes longer than all the rest of a start.

    Raises WeightsUnreadable when it is none, or cut off.
    """
    return _read(path, lambda reader: reader.start())


def _read(path: Path, part: Callable[[_Reader], Part]) -> Part:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return part(_Reader(data))
    except OSError as error:
        raise WeightsUnreadable(path=str(path), reason=error.strerror or str(error)) from error
    except (struct.error, OverflowError) as error:
        # What is to be read next would lie behind the end, or farther away than any file reaches.
        raise WeightsUnreadable(path=str(path), reason="no sound header, it is cut off") from error
    except KeyError as error:
        reason = f"no sound header, a value of the unknown kind {error}"
        raise WeightsUnreadable(path=str(path), reason=reason) from error
    except ValueError as error:
        raise WeightsUnreadable(path=str(path), reason=f"no sound header, {error}") from error


class _Reader:
    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0

    def start(self) -> Start:
        _, pairs = self._counts()
        metadata: dict[str, Plain] = {}
        tokens = 0
        for _ in range(pairs):
            key, kind = self._string(), int(self._number("I"))
            if kind == _ARRAY and (count := self._count()) > _LONG_ARRAY:
                tokens = count if key == _TOKENS else 0
                break
            value = self._value(kind)
            if value is not None:
                metadata[key] = value
        if _FILE_TYPE not in metadata:
            found = self._data.find(_FILE_TYPE_BYTES, self._at, self._at + _FARTHEST)
            if found >= 0:
                self._at = found + len(_FILE_TYPE_BYTES)
                metadata[_FILE_TYPE] = self._number("I")
        return Start(metadata, tokens)

    def _counts(self) -> tuple[int, int]:
        """Give how many tensors and how many pairs of metadata there are."""
        if self._data[:4] != _MAGIC:
            raise ValueError("it is not a GGUF file")
        self._at = 4
        if (version := self._number("I")) not in _VERSIONS:
            raise ValueError(f"its version is {version}")
        return int(self._number("Q")), int(self._number("Q"))

    def _count(self) -> int:
        """Give the length of the array that begins here, without going on."""
        return int(struct.unpack_from("<Q", self._data, self._at + 4)[0])

    def header(self) -> Header:
        data = self._data
        tensors, pairs = self._counts()
        metadata: dict[str, Plain] = {}
        for _ in range(pairs):
            key = self._string()
            value = self._value(int(self._number("I")))
            if value is not None:
                metadata[key] = value
        listed = [self._tensor() for _ in range(tensors)]
        alignment = metadata.get(_ALIGNMENT, 32)
        if not isinstance(alignment, int) or alignment < 1:
            raise ValueError(f"its alignment is {alignment}")
        begin = -(-self._at // alignment) * alignment
        placed = tuple(Tensor(name, begin + at, begin + at + size) for name, at, size in listed)
        return Header(metadata, placed, len(data))

    def _number(self, kind: str) -> Plain:
        (value,) = struct.unpack_from(f"<{kind}", self._data, self._at)
        self._at += struct.calcsize(f"<{kind}")
        return value  # type: ignore[no-any-return]

    def _string(self) -> str:
        length = int(self._number("Q"))
        text = self._data[self._at : self._at + length]
        if len(text) != length:
            raise ValueError("it is cut off")
        self._at += length
        return text.decode("utf-8", "replace")

    def _value(self, kind: int) -> Plain | None:
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY:
            return self._number(_FORMATS[kind])
        of, count = int(self._number("I")), int(self._number("Q"))
        if of == _ARRAY:
            raise ValueError("an array of arrays")
        if of == _STRING:
            self._pass_over_strings(count)
        else:
            self._at += count * struct.calcsize(f"<{_FORMATS[of]}")
        return None

    def _pass_over_strings(self, count: int) -> None:
        data, at, length = self._data, self._at, struct.Struct("<Q").unpack_from
        for _ in range(count):
            at += 8 + length(data, at)[0]
        self._at = at

    def _tensor(self) -> tuple[str, int, int]:
        from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

        name, dimensions = self._string(), int(self._number("I"))
        if dimensions > _MOST_DIMENSIONS:
            raise ValueError(f"a tensor of {dimensions} dimensions")
        weights = 1
        for _ in range(dimensions):
            weights *= int(self._number("Q"))
        block, size = GGML_QUANT_SIZES[GGMLQuantizationType(int(self._number("I")))]
        return name, int(self._number("Q")), weights // block * size
