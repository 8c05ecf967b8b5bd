"""The value under the added key: a verdict, or an error."""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache

import orjson

from seaguard_cli.errors import Failure
from seaguard_cli.records.record import HEAD
from seaguard_cli.verdict import Verdict


def json_text(text: str) -> bytes:
    """Give a JSON string; what cannot be written as UTF-8 becomes a question mark."""
    try:
        return orjson.dumps(text)
    except TypeError:
        return orjson.dumps(text.encode("utf-8", "replace").decode())


def verdict_json(verdict: Verdict) -> bytes:
    """Give a verdict as JSON, its score as the shortest decimal that is the same float64."""
    score = "null" if verdict.score is None else repr(float(verdict.score))
    ending = _ending(verdict.threshold, verdict.task, verdict.model)
    low_mass = ', "low_mass": true}' if verdict.low_mass else "}"
    return f'{{"label": "{verdict.label}", "score": {score}, {ending}{low_mass}'.encode()


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


@lru_cache(maxsize=64)
def _ending(threshold: float, task: str, model: str) -> str:
    name = json_text(model).decode()
    return f'"threshold": {float(threshold)!r}, "task": "{task}", "model": {name}'
