"""The value under the added key: a verdict, or an error."""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache

import orjson

from seaguard_cli.errors import Failure
from seaguard_cli.records.record import HEAD
from seaguard_cli.verdict import TurnVerdict, Verdict, Window


def json_text(text: str) -> bytes:
    """Give a JSON string; what cannot be written as UTF-8 becomes a question mark."""
    try:
        return orjson.dumps(text)
    except TypeError:
        return orjson.dumps(text.encode("utf-8", "replace").decode())


def verdict_json(verdict: Verdict) -> bytes:
    """Give a verdict as JSON, its score as the shortest decimal that is the same float64."""
    ending = _ending(verdict.threshold, verdict.task, verdict.model)
    turns = ""
    if verdict.turns:
        turns = f', "turns": [{", ".join(map(_turn_json, verdict.turns))}]'
    return f"{{{_judged(verdict)}, {ending}{_circumstances(verdict)}{turns}}}".encode()


def error_json(failure: Failure, line: int, message: str, raw: bytes | None = None) -> bytes:
    """Give a failure as JSON; with `raw`, its first 64 KiB too, for what is not given back."""
    members = [
        b'{"error": {"code": "%b", "line": %d, "message": ' % (failure.code.encode(), line),
        json_text(message),
    ]
    if raw is not None:
        members.append(b', "input": "%b"' % b64encode(raw[:HEAD]))
    members.append(b"}}")
    return b"".join(members)


def _turn_json(turn: TurnVerdict) -> str:
    place = f'"turn": {turn.index}, "role": "{turn.role}"'
    return f"{{{place}, {_judged(turn.verdict)}{_circumstances(turn.verdict)}}}"


def _judged(verdict: Verdict) -> str:
    score = "null" if verdict.score is None else repr(float(verdict.score))
    return f'"label": "{verdict.label}", "score": {score}'


def _circumstances(verdict: Verdict) -> str:
    """Give what only some verdicts have, each with a comma before it."""
    low_mass = ', "low_mass": true' if verdict.low_mass else ""
    if verdict.window is None and verdict.kept is None and not verdict.truncated:
        return low_mass
    parts = [low_mass]
    if verdict.window is not None:
        parts.append(f', "windows": {verdict.windows}, "window": {_window_json(verdict.window)}')
    if verdict.kept is not None:
        parts.append(f', "kept": {_window_json(verdict.kept)}')
    if verdict.truncated:
        parts.append(', "truncated": true')
    return "".join(parts)


def _window_json(window: Window) -> str:
    field = json_text(window.field).decode()
    return f'{{"field": {field}, "start": {window.start}, "end": {window.end}}}'


@lru_cache(maxsize=64)
def _ending(threshold: float, task: str, model: str) -> str:
    name = json_text(model).decode()
    return f'"threshold": {float(threshold)!r}, "task": "{task}", "model": {name}'
