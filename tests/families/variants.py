"""The model files that the tests judge with: three sound ones, and each way to be unsound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from gguf import TokenType

from families.build import (
    GEMMA,
    KINDS,
    LLAMA,
    QWEN,
    Kind,
    Listing,
    Shape,
    halved,
    listing,
    random_weights,
    write_gguf,
)

WRAPPER_TOKENS: Mapping[Kind, tuple[str, ...]] = {
    QWEN: ("<|im_start|>", "<|im_end|>"),
    LLAMA: ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    GEMMA: ("<bos>", "<start_of_turn>", "<end_of_turn>"),
}


class Models:
    """Model files by name, each written when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getitem__(self, name: str) -> Path:
        path = self._folder / f"{name}.gguf"
        if not path.exists():
            VARIANTS[name](path)
        return path


def _sound(kind: Kind) -> Callable[[Path], object]:
    return lambda path: _write(path, kind, listing(kind))


def _write(path: Path, kind: Kind, listed: Listing, shape: Shape | None = None) -> Path:
    shape = shape or Shape()
    return write_gguf(path, kind, listed, random_weights(kind, listed, shape), shape)


def _in_halves(kind: Kind) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        listed, shape = listing(kind), Shape()
        write_gguf(path, kind, listed, halved(random_weights(kind, listed, shape)), shape)

    return write


def _strangers(kind: Kind) -> Callable[[Path], object]:
    """A file whose wrapper tokens are listed as if they were words: llama.cpp matches them."""
    listed = listing(kind).retyped(WRAPPER_TOKENS[kind], TokenType.USER_DEFINED)
    return lambda path: _write(path, kind, listed)


def _two_families(path: Path) -> None:
    listed = listing(QWEN).extended(WRAPPER_TOKENS[GEMMA], TokenType.CONTROL)
    _write(path, QWEN, listed)


def _no_family(path: Path) -> None:
    _write(path, QWEN, listing(QWEN).renamed({"<|im_start|>": "<|begin|>"}))


def _half_a_family(path: Path) -> None:
    _write(path, QWEN, listing(QWEN).renamed({"<|im_end|>": "<|stop|>"}))


def _unsafe_in_two(path: Path) -> None:
    listed = listing(QWEN).without_merges_to("unsafe").renamed({"unsafe": "un-safe"})
    _write(path, QWEN, listed)


def _blank_before_verdicts(path: Path) -> None:
    """Only inside a sentence are the verdicts one token each, as in some other base models."""
    words = ("Ġsafe", "Ġunsafe")
    beginnings = [word[:length] for word in words for length in range(2, len(word) + 1)]
    listed = listing(QWEN).without_merges_to("safe", "unsafe", *beginnings)
    listed = listed.renamed({"safe": "sa-fe", "unsafe": "un-safe"})
    new = [beginning for beginning in beginnings if beginning not in listed.tokens]
    listed = listed.extended(new, TokenType.NORMAL)
    listed.merges[:0] = [f"{beginning[:-1]} {beginning[-1]}" for beginning in beginnings]
    _write(path, QWEN, listed)


def _newline_ends(path: Path) -> None:
    """A newline ends a generation, as in some base models."""
    kind = replace(QWEN, end="Ċ")
    _write(path, kind, listing(kind))


def _word_ends(path: Path) -> None:
    """A token that llama.cpp lists as a word ends a generation."""
    kind = replace(QWEN, end="</think>")
    _write(path, kind, listing(kind))


def _not_a_number(path: Path) -> None:
    listed, shape = listing(QWEN), Shape()
    weights = random_weights(QWEN, listed, shape)
    weights["output_norm.weight"][:] = np.nan
    write_gguf(path, QWEN, listed, weights, shape)


def _short_context(path: Path) -> None:
    _write(path, QWEN, listing(QWEN), Shape(context=256))


def _truncated(path: Path) -> None:
    _write(path, QWEN, listing(QWEN))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def _without_weights(path: Path) -> None:
    write_gguf(path, QWEN, listing(QWEN), None)


VARIANTS: dict[str, Callable[[Path], object]] = {
    **{name: _sound(kind) for name, kind in KINDS.items()},
    **{f"{name}-f16": _in_halves(kind) for name, kind in KINDS.items()},
    **{f"{name}-strangers": _strangers(kind) for name, kind in KINDS.items()},
    "two-families": _two_families,
    "no-family": _no_family,
    "half-a-family": _half_a_family,
    "unsafe-in-two": _unsafe_in_two,
    "blank-before-verdicts": _blank_before_verdicts,
    "newline-ends": _newline_ends,
    "word-ends": _word_ends,
    "not-a-number": _not_a_number,
    "short-context": _short_context,
    "truncated": _truncated,
    "without-weights": _without_weights,
}
