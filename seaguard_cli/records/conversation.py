"""A list of messages, as OpenAI's chat API takes them, to what is judged of it.

Messages of the system, the developer and of tools are passed over, and so is an assistant's that
calls tools and says nothing. Whatever else is met on the way and is no text is a failure: what was
not judged must not pass for safe.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from seaguard_cli.errors import Fact, Failure, FailureCode
from seaguard_cli.verdict import Conversation, Item, Role, Task, Turn

from .exact import Step, may_occur, members, place
from .json_types import json_type

_ROLES: Mapping[str, Role] = {"user": "user", "assistant": "assistant"}
_PASSED_OVER = frozenset({"system", "developer", "tool", "function"})
_CALLS = ("tool_calls", "function_call")
# The parts of a message that are text, and which of their members it is.
_TEXT_PARTS = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}
_BETWEEN_PARTS = "\n"
# So much of a role or a type that is not known is told.
_SHOWN = 64
_KEYS = ("role", "content", "refusal", "type", "text")


class _Unusable(Exception):
    """A message cannot be judged."""

    def __init__(self, code: FailureCode, **facts: Fact) -> None:
        super().__init__(code)
        self.failure = Failure(code, facts)


class _Text(NamedTuple):
    name: str
    value: str


_NOTHING = _Text("", "")


def is_conversation(value: object) -> bool:
    """Tell whether a value is a list that holds objects: what else should they be than messages."""
    return isinstance(value, list) and any(isinstance(one, dict) for one in value)


def judged_turn(name: str, messages: Sequence[object], task: Task | None) -> Item | Failure:
    """Give the last user turn, or the last assistant's with the user's before it.

    Which of the two comes last decides, unless the task does. `name` is what the list is called.
    """
    try:
        for at in range(len(messages) - 1, -1, -1):
            role = _role(name, messages, at)
            if role is not None and _is_wanted(role, task):
                return _item(name, messages, at, role)
        raise _without_turns(name, task)
    except _Unusable as error:
        return error.failure


def every_turn(name: str, messages: Sequence[object], task: Task | None) -> Conversation | Failure:
    """Give all turns of users and assistants, or those of the task."""
    try:
        turns = tuple(_turns(name, messages, task))
        if not turns:
            raise _without_turns(name, task)
    except _Unusable as error:
        return error.failure
    return Conversation(turns)


def repeated_key(raw: bytes, way: Sequence[Step], messages: Sequence[object]) -> str | None:
    """Give the name of a key that occurs twice in one of the messages at `way`, or None."""
    known = [one for one in messages if isinstance(one, dict)]
    in_parts = any(isinstance(one.get("content"), list) for one in known)
    keys = (may_occur(raw, key, more_than=sum(key in one for one in known)) for key in _KEYS[:3])
    if not (in_parts or any(keys)):
        return None
    for index, message in enumerate(members(raw, place(raw, way))):
        if found := _repeated(raw, message.value, (*way, index)):
            return found
    return None


def _repeated(raw: bytes, at: int, way: tuple[Step, ...]) -> str | None:
    """Look at the message, or the part of one, at `at`, and at the parts that it has."""
    if raw[at : at + 1] != b"{":
        return None
    seen: set[Step] = set()
    for member in members(raw, at):
        inner = (*way, member.key)
        if member.key in seen and member.key in _KEYS:
            return ".".join(map(str, inner))
        seen.add(member.key)
        if member.key == "content" and raw[member.value : member.value + 1] == b"[":
            for part in members(raw, member.value):
                if found := _repeated(raw, part.value, (*inner, part.key)):
                    return found
    return None


def _turns(name: str, messages: Sequence[object], task: Task | None) -> Iterator[Turn]:
    asked: _Text | None = _NOTHING
    asked_at = 0
    for at in range(len(messages)):
        role = _role(name, messages, at)
        if role == "user":
            asked, asked_at = None, at
        if role is None or not _is_wanted(role, task):
            continue
        # Read once, however many turns of the assistant come after it.
        asked = _text(name, messages, asked_at) if asked is None else asked
        if role == "user":
            yield Turn(at, role, _question(asked))
        else:
            yield Turn(at, role, _answer(asked, _text(name, messages, at)))


def _is_wanted(role: Role, task: Task | None) -> bool:
    return task is None or (role == "user") == (task == "prompt")


def _item(name: str, messages: Sequence[object], at: int, role: Role) -> Item:
    """Give the item of the turn at `at`: an assistant's stands beside the user's before it."""
    said = _text(name, messages, at)
    if role == "user":
        return _question(said)
    for before in range(at - 1, -1, -1):
        if _role(name, messages, before) == "user":
            return _answer(_text(name, messages, before), said)
    return _answer(_NOTHING, said)


def _question(asked: _Text) -> Item:
    return Item(asked.value, None, (asked.name, "response"))


def _answer(asked: _Text, said: _Text) -> Item:
    return Item(asked.value, said.value, (asked.name, said.name))


def _role(name: str, messages: Sequence[object], at: int) -> Role | None:
    """Give whose turn a message is, or None if it is passed over."""
    message = messages[at]
    if not isinstance(message, dict):
        wanted = "a message"
        raise _not_text(f"{name}.{at}", found=json_type(message), wanted=wanted)
    field = f"{name}.{at}.role"
    if "role" not in message:
        raise _Unusable(FailureCode.MISSING_FIELD, field=field)
    role = message["role"]
    if not isinstance(role, str):
        raise _not_text(field, found=json_type(role))
    if role in _PASSED_OVER or (role == "assistant" and _only_calls(message)):
        return None
    if role not in _ROLES:
        raise _not_text(field, role=role[:_SHOWN])
    return _ROLES[role]


def _only_calls(message: Mapping[str, object]) -> bool:
    says = message.get("content") is not None or message.get("refusal") is not None
    return not says and any(message.get(call) for call in _CALLS)


def _text(name: str, messages: Sequence[object], at: int) -> _Text:
    """Give what a message says: its content, parts of which stand in lines of their own."""
    message = messages[at]
    assert isinstance(message, dict)
    key = "refusal" if message.get("content") is None and message.get("refusal") else "content"
    field, content = f"{name}.{at}.{key}", message.get(key)
    if content is None:
        raise _Unusable(FailureCode.MISSING_FIELD, field=field)
    if isinstance(content, list):
        if not content:
            raise _Unusable(FailureCode.MISSING_FIELD, field=f"{field}.0")
        parts = (_part(f"{field}.{number}", part) for number, part in enumerate(content))
        return _Text(field, _BETWEEN_PARTS.join(parts))
    if not isinstance(content, str):
        raise _not_text(field, found=json_type(content))
    return _Text(field, content)


def _part(field: str, part: object) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        raise _not_text(field, found=json_type(part))
    kind = part.get("type")
    key = _TEXT_PARTS.get(kind) if isinstance(kind, str) else None
    if key is None:
        raise _not_text(field, part=kind[:_SHOWN] if isinstance(kind, str) else json_type(kind))
    text = part.get(key)
    if not isinstance(text, str):
        raise _not_text(f"{field}.{key}", found=json_type(text))
    return text


def _not_text(field: str, **facts: Fact) -> _Unusable:
    return _Unusable(FailureCode.NOT_TEXT, field=field, **facts)


def _without_turns(name: str, task: Task | None) -> _Unusable:
    turns = {"prompt": "user", "response": "assistant"}.get(task or "", "user or assistant")
    return _Unusable(FailureCode.MISSING_FIELD, field=name, turns=turns)
