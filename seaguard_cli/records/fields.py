"""Which of a record's fields are judged, and what item they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from seaguard_cli.errors import Failure, FailureCode
from seaguard_cli.verdict import Conversation, Item, Task

from .conversation import every_turn, is_conversation, judged_turn, repeated_key
from .exact import Step, repeats
from .json_types import json_type
from .record import Selection

MESSAGES = "messages"
TEXTS = ("text", "prompt", "content", "message", "input")

Chosen = Item | Conversation | Failure
Chooser = Callable[[Mapping[str, object], bytes | None], Chosen]
"""From an object and its bytes (None where no key can occur twice) to what is judged."""


class _Field(NamedTuple):
    name: str
    value: object


class _Found(NamedTuple):
    """What there is to judge, the field that is missing if one is, and the ways taken there."""

    prompt: _Field | None
    response: _Field | None
    missing: str | None
    ways: tuple[tuple[Step, ...], ...]


def chooser(selection: Selection) -> Chooser:
    """Give the function that finds what `selection` asks for in one object."""
    locate = _locator(selection)
    task, key, each_turn = selection.task, selection.key, selection.each_turn

    def choose(fields: Mapping[str, object], raw: bytes | None) -> Chosen:
        if key is not None and key in fields:
            return Failure(FailureCode.KEY_EXISTS, {"key": key})
        found = locate(fields)
        if raw is not None:
            for way in found.ways:
                if repeats(raw, way):
                    return _duplicate(".".join(map(str, way)))
        if found.missing is not None:
            return Failure(FailureCode.MISSING_FIELD, {"field": found.missing})
        if found.prompt is not None and isinstance(found.prompt.value, list):
            chosen = _of_list(found, raw, task, each_turn=each_turn)
            if chosen is not None:
                return chosen
        return _item(found.prompt, found.response, task)

    return choose


def item_of(text: str, task: Task | None, field: str) -> Item:
    """Give the item of a single text called `field`: a response to nothing if that is the task."""
    if task == "response":
        return Item("", text, ("", field))
    return Item(text, None, (field, "response"))


def _of_list(
    found: _Found, raw: bytes | None, task: Task | None, *, each_turn: bool
) -> Chosen | None:
    """Give what is judged of a list of messages; None if the field is no such list."""
    assert found.prompt is not None
    name, messages = found.prompt
    conversation = name == MESSAGES or is_conversation(messages)
    if not isinstance(messages, list) or found.response is not None or not conversation:
        return None
    if raw is not None and (twice := repeated_key(raw, found.ways[-1], messages)):
        return _duplicate(twice)
    return (every_turn if each_turn else judged_turn)(name, messages, task)


def _duplicate(field: str) -> Failure:
    return Failure(FailureCode.DUPLICATE_FIELD, {"field": field})


def _item(prompt: _Field | None, response: _Field | None, task: Task | None) -> Item | Failure:
    for field in (prompt, response):
        if field is not None and not isinstance(field.value, str):
            facts = {"field": field.name, "found": json_type(field.value)}
            return Failure(FailureCode.NOT_TEXT, facts)
    if response is None:
        assert prompt is not None
        return item_of(str(prompt.value), task, prompt.name)
    asked = prompt or _Field("", "")
    return Item(str(asked.value), str(response.value), (asked.name, response.name))


def _locator(selection: Selection) -> Callable[[Mapping[str, object]], _Found]:
    task = selection.task
    if selection.field is not None:
        field = selection.field
        return lambda fields: _at_paths(fields, field, None, task)
    if selection.prompt_field is None and selection.response_field is None:
        return lambda fields: _by_convention(fields, task)
    prompt_field, response_field = selection.prompt_field, selection.response_field
    return lambda fields: _at_paths(fields, prompt_field, response_field, task)


def _by_convention(fields: Mapping[str, object], task: Task | None) -> _Found:
    # What was weighed counts too: a second one may have changed the choice.
    ways: tuple[tuple[Step, ...], ...] = ((MESSAGES,),) if MESSAGES in fields else ()
    if "response" in fields and "prompt" in fields:
        ways = (*ways, ("response",), ("prompt",))
        if fields["response"] is not None:
            response = None if task == "prompt" else _Field("response", fields["response"])
            return _Found(_Field("prompt", fields["prompt"]), response, None, ways)
    if isinstance(fields.get(MESSAGES), list):
        return _Found(_Field(MESSAGES, fields[MESSAGES]), None, None, (*ways, (MESSAGES,)))
    for name in TEXTS:
        if name in fields:
            return _Found(_Field(name, fields[name]), None, None, (*ways, (name,)))
    if "response" in fields and task != "prompt":
        return _Found(None, _Field("response", fields["response"]), None, (*ways, ("response",)))
    if fields.get(MESSAGES) is not None:
        return _Found(_Field(MESSAGES, fields[MESSAGES]), None, None, ((MESSAGES,),))
    looked = (MESSAGES, *TEXTS) if task == "prompt" else (MESSAGES, *TEXTS, "response")
    return _Found(None, None, ", ".join(looked), ways)


def _at_paths(
    fields: Mapping[str, object],
    prompt_path: str | None,
    response_path: str | None,
    task: Task | None,
) -> _Found:
    prompt = response = missing = None
    ways: list[tuple[Step, ...]] = []
    if response_path is not None and task != "prompt":
        response, way = _follow(fields, response_path)
        ways.append(way)
        if response is None or response.value is None:
            response = None
            missing = response_path if task == "response" or prompt_path is None else None
    if prompt_path is not None:
        prompt, way = _follow(fields, prompt_path)
        ways.append(way)
        missing = prompt_path if prompt is None else missing
    elif task == "prompt":
        missing = "prompt"
    return _Found(prompt, response, missing, tuple(ways))


def _follow(value: object, path: str) -> tuple[_Field | None, tuple[Step, ...]]:
    """Give the field at a dotted path, or None, and the keys and indexes met on the way.

    At every level the longest literal key that the path begins with wins.
    """
    way: list[Step] = []
    rest: str | None = path
    while rest is not None:
        step, rest = _step(value, rest)
        if step is None:
            return None, tuple(way)
        way.append(step)
        value = value[step]  # type: ignore[index]  # _step looked it up
    return _Field(path, value), tuple(way)


def _step(value: object, path: str) -> tuple[Step | None, str | None]:
    """Give the key or index of `value` that `path` begins with, and the path behind it."""
    if isinstance(value, list):
        head, dot, rest = path.partition(".")
        # More than nine digits index nothing, and thousands of them are no int to Python.
        index = int(head) if head.isascii() and head.isdigit() and len(head) < 10 else len(value)
        return (index, rest if dot else None) if index < len(value) else (None, None)
    head = path
    while isinstance(value, Mapping):
        if head in value:
            return head, path[len(head) + 1 :] if len(head) < len(path) else None
        head, dot, _ = head.rpartition(".")
        if not dot:
            break
    return None, None
