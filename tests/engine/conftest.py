"""What the tests of the engine look on with."""

from __future__ import annotations

from typing import NamedTuple

import llama_cpp.llama_cpp as llama_cpp
import pytest


class Decode(NamedTuple):
    """The tokens of one decode, and whether the logits behind the last of them were asked for."""

    tokens: int
    read: bool


@pytest.fixture
def decodes(monkeypatch: pytest.MonkeyPatch) -> list[Decode]:
    """Every decode of a test, as it goes on."""
    decode, seen = llama_cpp.llama_decode, list[Decode]()

    def noting(context: object, batch: llama_cpp.llama_batch) -> int:
        seen.append(Decode(batch.n_tokens, bool(batch.logits[batch.n_tokens - 1])))
        return int(decode(context, batch))

    monkeypatch.setattr(llama_cpp, "llama_decode", noting)
    return seen
