"""Gemma's `tokenizer.model`: SentencePiece's file, of which the pieces are read and no more.

A protocol buffer, see sentencepiece_model.proto: field 1 of the model is a piece, whose field 1 is
its text, 2 its score and 3 its type.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from seaguard_cli.errors import CheckpointBroken
from seaguard_cli.weights.convert.vocabulary.listing import Added, Listing, Type

_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5
_PIECE, _TEXT, _SCORE, _TYPE = 1, 1, 2, 3
# As llama.cpp's converter does, a piece that its user defined is listed as any other: what texts
# may hold as it stands comes from the added tokens.
_TYPES: Mapping[int, Type] = {
    1: Type.NORMAL,
    2: Type.UNKNOWN,
    3: Type.CONTROL,
    4: Type.NORMAL,
    5: Type.UNUSED,
    6: Type.BYTE,
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of SentencePiece: its text, its score (the higher the better), and its type."""

    text: str
    score: float
    kind: Type


def list_pieces(path: Path, added: Iterable[Added], size: int) -> Listing:
    """List the pieces of a `tokenizer.model`, and the added tokens over them.

    As llama.cpp's converter does, what is beyond `size` is left out. Raises CheckpointBroken.
    """
    listing = Listing(size, model="llama", split="default")
    for number, piece in enumerate(read_pieces(path)[:size]):
        listing.put(number, piece.text, piece.kind, piece.score)
    for one in added:
        if one.number < size:
            listing.add(one)
    return listing


def read_pieces(path: Path) -> list[Piece]:
    """Read the pieces of a `tokenizer.model`. Raises CheckpointBroken."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointBroken(path=str(path), problem=error.strerror or str(error)) from error
    try:
        pieces = [_piece(value) for number, value in _fields(data) if number == _PIECE]
    except (IndexError, KeyError, TypeError, ValueError, struct.error) as error:
        raise CheckpointBroken(path=str(path), problem="it is no SentencePiece model") from error
    if not pieces:
        raise CheckpointBroken(path=str(path), problem="it is no SentencePiece model")
    return pieces


def _piece(data: bytes | int) -> Piece:
    fields = dict(_fields(_as_bytes(data)))
    (score,) = struct.unpack("<f", _as_bytes(fields.get(_SCORE, b"\0\0\0\0")))
    kind = _TYPES[int(fields.get(_TYPE, 1))]
    return Piece(_as_bytes(fields[_TEXT]).decode("utf-8"), score, kind)


def _fields(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Give the fields of a message: their numbers, with an integer or bytes each."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        else:
            size = {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}[kind]
        if at + size > len(data):
            raise ValueError("a field ends after the message")
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _as_bytes(value: bytes | int) -> bytes:
    if isinstance(value, bytes):
        return value
    raise TypeError("a number where bytes belong")
