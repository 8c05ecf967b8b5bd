"""Tokens listed beside the vocabulary, in the three places where transformers keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from seaguard_cli.errors import CheckpointBroken
from seaguard_cli.weights.convert.read import Settings
from seaguard_cli.weights.convert.vocabulary.listing import Added

_NAMED = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")


def of_tokenizer(table: Settings) -> list[Added]:
    """Give the added tokens of a `tokenizer.json`. Raises CheckpointBroken."""
    entries = table.values.get("added_tokens") or []
    if not isinstance(entries, list):
        raise table.broken("added_tokens is not a list")
    return [_added(table, entry.get("id"), entry) for entry in entries if _an_object(table, entry)]


def of_settings(settings: Settings) -> list[Added]:
    """Give the added tokens of a `tokenizer_config.json`, which transformers 4 writes."""
    entries = settings.part("added_tokens_decoder").values
    numbered = ((number, entry) for number, entry in entries.items() if _an_object(settings, entry))
    return [
        _added(settings, int(number) if number.isdigit() else None, entry)
        for number, entry in numbered
    ]


def every_added(
    table: Settings, settings: Settings, vocabulary: Mapping[str, int]
) -> Iterator[Added]:
    """Give all added tokens as transformers sees them: what its configuration says goes last.

    A word of the vocabulary that the configuration names as a special token is one too.
    """
    found = {one.text: one for one in (*of_tokenizer(table), *of_settings(settings))}
    yield from found.values()
    for text in _named(settings.values):
        if text not in found and text in vocabulary:
            yield Added(vocabulary[text], text, special=True)


def _named(values: Mapping[str, Any]) -> Iterator[str]:
    """Give the texts of the tokens that `tokenizer_config.json` names as special."""
    more = values.get("additional_special_tokens")
    for entry in (
        *(values.get(f"{name}_token") for name in _NAMED),
        *(more if isinstance(more, list) else ()),
    ):
        text = entry.get("content") if isinstance(entry, dict) else entry
        if isinstance(text, str):
            yield text


def _an_object(settings: Settings, entry: object) -> bool:
    if isinstance(entry, dict):
        return True
    raise settings.broken("an added token is not an object")


def _added(settings: Settings, number: object, entry: Mapping[str, Any]) -> Added:
    text = entry.get("content")
    if type(number) is not int or number < 0 or not isinstance(text, str):
        raise _nameless(settings)
    return Added(number, text, special=bool(entry.get("special")))


def _nameless(settings: Settings) -> CheckpointBroken:
    return settings.broken("an added token lacks its number or its text")
