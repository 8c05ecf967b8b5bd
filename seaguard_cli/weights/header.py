"""A GGUF's header, read without loading the file: its metadata, and where its tensors lie.

`gguf.GGUFReader` takes seconds for a vocabulary of 150,000 tokens; here long arrays are passed
over.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from seaguard_cli.errors import WeightsUnreadable

_MAGIC, _VERSIONS = b"GGUF", (2, 3)
_STRING, _ARRAY = 8, 9
_FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q"}
_FORMATS[12] = "d"
_ALIGNMENT = "general.alignment"

Plain = str | int | float | bool


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


def read_header(path: Path) -> Header:
    """Read a header. Raises WeightsUnreadable when it is none, or cut off."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Reader(data).header()
    except OSError as error:
        raise WeightsUnreadable(path=str(path), reason=error.strerror or str(error)) from error
    except (struct.error, ValueError, KeyError) as error:
        raise WeightsUnreadable(path=str(path), reason=f"no sound header, {error}") from error


class _Reader:
    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0

    def header(self) -> Header:
        data = self._data
        if data[:4] != _MAGIC:
            raise ValueError("it is not a GGUF file")
        self._at = 4
        if (version := self._number("I")) not in _VERSIONS:
            raise ValueError(f"its version is {version}")
        tensors, pairs = int(self._number("Q")), int(self._number("Q"))
        metadata: dict[str, Plain] = {}
        for _ in range(pairs):
            key = self._string()
            value = self._value(int(self._number("I")))
            if value is not None:
                metadata[key] = value
        listed = [self._tensor() for _ in range(tensors)]
        alignment = int(metadata.get(_ALIGNMENT, 32))
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

        name = self._string()
        weights = 1
        for _ in range(int(self._number("I"))):
            weights *= int(self._number("Q"))
        block, size = GGML_QUANT_SIZES[GGMLQuantizationType(int(self._number("I")))]
        return name, int(self._number("Q")), weights // block * size
