"""What the tests of prompts and tokens share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seaguard_cli.engine.llamacpp import opened_vocabulary
from seaguard_cli.engine.vocabulary import Vocabulary
from seaguard_cli.prompt import Family, Prompt, render
from seaguard_cli.verdict import Item
from seaguard_cli.weights import load_catalogue

CATALOGUE = load_catalogue()
INSTRUCTION = CATALOGUE.instructions["sea-guard"]


def rendered(item: Item, family: Family) -> Prompt:
    """The prompt of `item` with SEA-Guard's instruction."""
    return render(item, family, INSTRUCTION)


def whole(prompt: Prompt) -> str:
    """The prompt as one string."""
    return "".join(segment.text for segment in prompt.segments)


@contextmanager
def vocabulary_of(path: Path) -> Iterator[tuple[Vocabulary, Family]]:
    """The tokenizer of a model file, and the family that it tells."""
    with opened_vocabulary(path, families=CATALOGUE.families, family=None) as opened:
        yield opened.vocabulary, opened.family
