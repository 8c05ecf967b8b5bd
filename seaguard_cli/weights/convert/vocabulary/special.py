"""Which tokens begin, end and pad a text, and whether llama.cpp is to add them by itself."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seaguard_cli.errors import CheckpointBroken
from seaguard_cli.weights.convert.read import Settings

if TYPE_CHECKING:
    import gguf


def add_special(writer: gguf.GGUFWriter, folder: Path, table: Settings, size: int) -> None:
    """Write the special tokens' numbers, what is added by itself, and the chat template.

    By `SpecialVocab` of the `gguf` package. What it does not know yet, its successor in llama.cpp
    does: a post-processor's word goes before that of `tokenizer_config.json`, and one that works
    on bytes alone adds nothing. Raises CheckpointBroken.
    """
    import gguf

    with _quiet():
        try:
            special = gguf.SpecialVocab(folder, n_vocab=size)
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
            problem = f"its special tokens make no sense ({error})"
            raise CheckpointBroken(path=str(folder), problem=problem) from error
        special.add_special_token |= _added_by_itself(table)
        special.add_to_gguf(writer, quiet=True)


def _added_by_itself(table: Settings) -> dict[str, bool]:
    """Give whether the post-processor puts a token before (`bos`) and after (`eos`) a text."""
    said: dict[str, bool] = {}
    for step in _steps(table.part("post_processor").values):
        if step.get("type") == "ByteLevel":
            said.setdefault("bos", False)
            said.setdefault("eos", False)
        single = step.get("single")
        if step.get("type") == "TemplateProcessing" and isinstance(single, list) and single[1:]:
            said |= {
                name: True
                for name, one in (("bos", single[0]), ("eos", single[-1]))
                if isinstance(one, dict) and "SpecialToken" in one
            }
    return said


def _steps(processor: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    steps = processor.get("processors", [processor])
    if isinstance(steps, list):
        yield from (one for one in steps if isinstance(one, dict))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the package's warnings from standard error, which is for people."""
    logger = logging.getLogger("gguf.vocab")
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before
