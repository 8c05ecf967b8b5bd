"""JSON of a checkpoint's folder, read with a sentence for everything that may be wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seaguard_cli.errors import CheckpointBroken


def read_json(path: Path) -> Mapping[str, Any]:
    """Give the object that a JSON file holds. Raises CheckpointBroken."""
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise CheckpointBroken(path=str(path), problem="it is missing") from error
    except OSError as error:
        raise CheckpointBroken(path=str(path), problem=error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise CheckpointBroken(path=str(path), problem=f"it is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise CheckpointBroken(path=str(path), problem="it does not hold a JSON object")
    return value


class Settings:
    """An object of a configuration, asked key by key; a null counts as missing."""

    def __init__(self, path: Path, values: Mapping[str, Any]) -> None:
        self.path = path
        self.values = values

    def __contains__(self, key: str) -> bool:
        return self.values.get(key) is not None

    def whole(self, key: str, default: int | None = None, *, most: int | None = None) -> int:
        """Give a positive whole number, `most` at most. Raises CheckpointBroken."""
        value = self._given(key, default)
        if type(value) is not int or value <= 0:
            raise self._not(key, value, "a positive whole number")
        if most is not None and value > most:
            raise self.broken(f"{key} is {value:,}, more than any model has")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """Give a number. Raises CheckpointBroken."""
        value = self._given(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._not(key, value, "a number")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        """Give true or false. Raises CheckpointBroken."""
        value = self._given(key, default)
        if not isinstance(value, bool):
            raise self._not(key, value, "true or false")
        return value

    def part(self, key: str) -> Settings:
        """Give the object under `key`, empty if there is none. Raises CheckpointBroken."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, dict):
            raise self.broken(f"{key} is not an object")
        return Settings(self.path, value or {})

    def broken(self, problem: str) -> CheckpointBroken:
        """Give the error that says what is wrong in this file."""
        return CheckpointBroken(path=str(self.path), problem=problem)

    def _given(self, key: str, default: object) -> object:
        value = self.values.get(key)
        value = default if value is None else value
        if value is None:
            raise self.broken(f"{key} is missing")
        return value

    def _not(self, key: str, value: object, kind: str) -> CheckpointBroken:
        return self.broken(f"{key} is {value!r}, not {kind}")
