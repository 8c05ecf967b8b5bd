"""The head of a task is what prompts of it begin with, whatever their text.

All but its last token or two: those may join with the text in a way that no probe foresaw. An
item shares only what its own tokens equal, so that such a text costs time and nothing else.
"""

from __future__ import annotations

import pytest
from families.build import Kind
from families.texts import AWKWARD, sentences, varied
from families.variants import Models

from seaguard_cli.engine.packing import common_prefix
from seaguard_cli.verdict import Item

from .helpers import rendered, vocabulary_of


@pytest.mark.parametrize("task", ["prompt", "response"])
def test_every_prompt_begins_with_all_but_the_end_of_the_head_of_its_task(
    kind: Kind, models: Models, task: str
) -> None:
    with vocabulary_of(models[kind.name]) as (vocabulary, family):
        head = vocabulary.head(rendered(Item("x", None if task == "prompt" else "x"), family))
        for text in (*sentences()[::7], *AWKWARD, *varied(200)):
            item = Item(text) if task == "prompt" else Item(text, text)
            ids = vocabulary.encode(rendered(item, family))
            assert common_prefix(ids, head) >= len(head) - 2, item


def test_the_head_is_nearly_all_of_an_empty_prompt(kind: Kind, models: Models) -> None:
    with vocabulary_of(models[kind.name]) as (vocabulary, family):
        prompt = rendered(Item(""), family)
        after = vocabulary.segment(prompt.segments[-1])
        rest = len(vocabulary.encode(prompt)) - len(vocabulary.head(prompt)) - len(after)
        assert 0 <= rest <= 2


def test_the_head_is_the_same_whatever_the_text(kind: Kind, models: Models) -> None:
    with vocabulary_of(models[kind.name]) as (vocabulary, family):
        heads = [vocabulary.head(rendered(Item(text), family)) for text in AWKWARD]
        assert all(head == heads[0] for head in heads)


def test_the_heads_of_the_two_tasks_differ(kind: Kind, models: Models) -> None:
    with vocabulary_of(models[kind.name]) as (vocabulary, family):
        one = vocabulary.head(rendered(Item("x"), family))
        other = vocabulary.head(rendered(Item("x", "x"), family))
        assert one != other
