"""Which of a record's fields are judged, and what item they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from seaguard_cli.errors import Failure, FailureCode
from seaguard_cli.verdict import Item, Task

from .exact import Step, repeats
from .record import Selection

TEXTS = ("text", "prompt", "content", "message", "input")

Chooser = Callable[[Mapping[str, object], bytes | None], Item | Failure]
"""From an object and its bytes (None where no key can occur twice) to what is judged."""

_JSON_TYPES: dict[type, str] = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    # Not JSON's: a cell of a Parquet file that is no text.
    bytes: "binary",
}


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
    task, key = selection.task, selection.key

    def choose(fields: Mapping[str, object], raw: bytes | None) -> Item | Failure:
        if key is not None and key in fields:
            return Failure(FailureCode.KEY_EXISTS, {"key": key})
        found = locate(fields)
        if raw is not None:
            for way in found.ways:
                if repeats(raw, way):
                    name = ".".join(map(str, way))
                    return Failure(FailureCode.DUPLICATE_FIELD, {"field": name})
        if found.missing is not None:
            return Failure(FailureCode.MISSING_FIELD, {"field": found.missing})
        return _item(found.prompt, found.response, task)

    return choose


def item_of(text: str, task: Task | None) -> Item:
    """Give the item of a single text: a response to nothing if that is the task."""
    return Item("", text) if task == "response" else Item(text)


def json_type(value: object) -> str:
    """Give JSON's name for the type of a parsed value."""
    return _JSON_TYPES.get(type(value), "null")


def _item(prompt: _Field | None, response: _Field | None, task: Task | None) -> Item | Failure:
    for field in (prompt, response):
        if field is not None and not isinstance(field.value, str):
            facts = {"field": field.name, "found": json_type(field.value)}
            return Failure(FailureCode.NOT_TEXT, facts)
    ask = "" if prompt is None else str(prompt.value)
    if response is None:
        return item_of(ask, task)
    return Item(ask, str(response.value))


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
    # Their pair was weighed, so a second `prompt` or `response` may have changed the choice.
    ways: tuple[tuple[Step, ...], ...] = ()
    if "response" in fields and "prompt" in fields:
        ways = (("prompt",), ("response",))
        if fields["response"] is not None:
            response = None if task == "prompt" else _Field("response", fields["response"])
            return _Found(_Field("prompt", fields["prompt"]), response, None, ways)
    for name in TEXTS:
        if name in fields:
            return _Found(_Field(name, fields[name]), None, None, (*ways, (name,)))
    if "response" in fields and task != "prompt":
        return _Found(None, _Field("response", fields["response"]), None, (("response",),))
    looked = TEXTS if task == "prompt" else (*TEXTS, "response")
    return _Found(None, None, ", ".join(looked), ())


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
