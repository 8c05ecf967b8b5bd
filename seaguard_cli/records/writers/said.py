"""The columns of a Parquet output that say what came of a record: one for each thing said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seaguard_cli.errors import Failure
from seaguard_cli.records.record import Outcome, Record
from seaguard_cli.verdict import Verdict, Window

from .base import Wording

Columns = Mapping[str, Any]
"""From a column's name to its Arrow type, or what that is called."""

_DECIDED = {"label": "string", "score": "double"}
_ABOUT = {"threshold": "double", "task": "string", "model": "string"}
# What JSON has only for some verdicts; a window is told in columns of its own.
_CIRCUMSTANCES = {
    "low_mass": "bool",
    "windows": "int64",
    "window_field": "string",
    "window_start": "int64",
    "window_end": "int64",
    "kept_field": "string",
    "kept_start": "int64",
    "kept_end": "int64",
    "truncated": "bool",
}
_TURN = {"turn": "int64", "role": "string"} | _DECIDED | _CIRCUMSTANCES
_FAILURE = {"error": "string", "error_message": "string"}
_SOURCE = {"file": "string", "line": "int64"}
_UNJUDGED = (None,) * (len(_DECIDED) + len(_ABOUT) + len(_CIRCUMSTANCES) + len(["turns"]))
_NO_WINDOW = (None, None, None)


def said_columns(*, with_source: bool) -> Columns:
    """Give the columns, the same whatever was judged. `turns` is a list of structs."""
    import pyarrow

    turn = pyarrow.struct([pyarrow.field(name, kind) for name, kind in _TURN.items()])
    source = _SOURCE if with_source else {}
    return {
        **_DECIDED, **_ABOUT, **_CIRCUMSTANCES, "turns": pyarrow.list_(turn), **_FAILURE, **source
    }  # fmt: skip


def said_of(
    record: Record, outcome: Outcome, wording: Wording, *, with_source: bool
) -> tuple[object, ...]:
    """Give a record's cells of these columns: null is what is not there to say."""
    source = (record.source, record.line) if with_source else ()
    if isinstance(outcome, Failure):
        return (*_UNJUDGED, outcome.code.value, wording(outcome), *source)
    about = (outcome.threshold, outcome.task, outcome.model)
    decided = (outcome.label, outcome.score)
    return (*decided, *about, *_circumstances(outcome), _turns(outcome), None, None, *source)


def _circumstances(verdict: Verdict) -> tuple[object, ...]:
    windows = None if verdict.window is None else verdict.windows
    window, kept = _part(verdict.window), _part(verdict.kept)
    return (verdict.low_mass, windows, *window, *kept, verdict.truncated)


def _part(window: Window | None) -> tuple[object, ...]:
    return _NO_WINDOW if window is None else (window.field, window.start, window.end)


def _turns(verdict: Verdict) -> list[dict[str, object]] | None:
    if not verdict.turns:
        return None
    turns = []
    for one in verdict.turns:
        decided = (one.index, one.role, one.verdict.label, one.verdict.score)
        turns.append(dict(zip(_TURN, (*decided, *_circumstances(one.verdict)), strict=True)))
    return turns
