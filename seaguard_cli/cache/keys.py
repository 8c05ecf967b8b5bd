"""Under which key a score is kept, and how it is sealed: HMACs with the installation's secret."""

from __future__ import annotations

import hmac
import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from seaguard_cli.prompt import Prompt
from seaguard_cli.verdict import Score

# To be raised when the same bytes under a key begin to mean something else.
_VERSION = b"1"
_HASH = "sha256"
# Half of an HMAC-SHA256, as RFC 2104 (section 5) has it: the database is a third smaller for it.
_KEY_BYTES = 16
_SEAL_BYTES = 8
_NUMBERS = struct.Struct("<dd")


class Places(NamedTuple):
    """The keys of one prompt's scores: measured alone, and packed."""

    exact: bytes
    packed: bytes


class Keys:
    """Gives keys for scores of one model, as one way to compute them gives them.

    `weights` are the hashes of the model's files; `exact` and `packed` tell how scores are
    computed.
    """

    def __init__(self, secret: bytes, weights: Sequence[str], *, exact: str, packed: str) -> None:
        self._secret = secret
        files = frame(name.encode() for name in weights)
        self._exact, self._packed = (
            hmac.new(secret, frame([b"key", _VERSION, files, way.encode()]), _HASH)
            for way in (exact, packed)
        )

    def places(self, prompt: Prompt) -> Places:
        """Give the keys of a prompt's scores."""
        data = message(prompt)
        keys = []
        for begun in (self._exact, self._packed):
            state = begun.copy()
            state.update(data)
            keys.append(state.digest()[:_KEY_BYTES])
        return Places(*keys)

    def seal(self, key: bytes, score: Score) -> bytes:
        """Give a score as it is kept: its two numbers, and what proves them to be these."""
        numbers = _NUMBERS.pack(score.unsafe, score.mass)
        return numbers + self._proof(key, numbers)

    def unseal(self, key: bytes, kept: bytes, *, exact: bool) -> Score | None:
        """Give the score that was kept under `key`, or None for bytes that no one kept there."""
        numbers, proof = kept[: _NUMBERS.size], kept[_NUMBERS.size :]
        if not hmac.compare_digest(proof, self._proof(key, numbers)):
            return None
        unsafe, mass = _NUMBERS.unpack(numbers)
        return Score(unsafe, mass, exact)

    def _proof(self, key: bytes, numbers: bytes) -> bytes:
        data = frame([b"seal", _VERSION, key, numbers])
        return hmac.digest(self._secret, data, _HASH)[:_SEAL_BYTES]


def identity_of(secret: bytes) -> bytes:
    """Give what a database is marked with, so that it is known for whose secret it was made."""
    return hmac.digest(secret, frame([b"identity", _VERSION]), _HASH)[:_KEY_BYTES]


def message(prompt: Prompt) -> bytes:
    """Give bytes that no other prompt has: everything that the model is given, and how."""
    pieces = [prompt.head.to_bytes(8, "little")]
    for segment in prompt.segments:
        # A lone surrogate has bytes, too; that it cannot be judged is for the engine to say.
        pieces += [b"\x01" if segment.trusted else b"\x00"]
        pieces += [segment.text.encode("utf-8", "surrogatepass")]
    return frame(pieces)


def frame(pieces: Iterable[bytes]) -> bytes:
    """Join pieces so that they can be told apart again: how many, then each behind its length."""
    listed = list(pieces)
    lengths = (len(piece).to_bytes(8, "little") for piece in listed)
    joined = b"".join(part for pair in zip(lengths, listed, strict=True) for part in pair)
    return len(listed).to_bytes(8, "little") + joined
