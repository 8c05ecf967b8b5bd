"""What FILE.run.json may hold: a journal is taken as it was written, or not at all."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from seaguard_cli.errors import CannotResume
from seaguard_cli.journal import Journal, Position, path_of
from seaguard_cli.pipeline import Tally

_WRONG = (None, -1, 1.5, "x", [], {}, True, 10**15, [1], {"x": 1}, {"too_long": "x"})
_JOURNAL = Journal({"threshold": 0.5}, Position(3, 40, "ab", "cd"), Tally(judged=3).counts())


@pytest.fixture
def output(tmp_path: Path) -> Path:
    output = tmp_path / "out.jsonl"
    _JOURNAL.save(output)
    return output


def test_it_comes_back_as_it_was(output: Path) -> None:
    assert Journal.load(output) == _JOURNAL


def replaced(held: dict[str, Any], name: str, value: object) -> dict[str, Any]:
    part, _, inner = name.partition(".")
    return held | {part: replaced(held[part], inner, value) if inner else value}


def is_sound(journal: Journal) -> bool:
    position, counts = journal.position, dict(journal.counts)
    first_file, first_failure = counts.pop("first_file"), counts.pop("first_failure")
    numbers = [position.records, position.size, *counts.pop("failures").values()]
    numbers += [*counts.values(), 1 if first_failure is None else first_failure]
    return (
        all(type(number) is int and number >= 0 for number in numbers)
        and all(isinstance(digest, str) for digest in (position.input, position.ending))
        and isinstance(first_file, str | None)
        and isinstance(journal.settings, dict)
        and isinstance(journal.finished, bool)
    )


@pytest.mark.parametrize("value", _WRONG, ids=str)
@pytest.mark.parametrize(
    "name",
    [
        *("version", "finished", "settings", "position", "counts"),
        *(f"position.{name}" for name in ("records", "size", "input", "ending")),
        *(f"counts.{name}" for name in _JOURNAL.counts),
    ],
)
def test_a_value_that_none_was_given_is_damage(name: str, value: object, output: Path) -> None:
    path = path_of(output)
    path.write_text(json.dumps(replaced(json.loads(path.read_bytes()), name, value)))
    with contextlib.suppress(CannotResume):
        assert is_sound(Journal.load(output))
