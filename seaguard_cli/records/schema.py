"""The published schema of what is added to a record."""

from __future__ import annotations

from importlib.resources import files


def schema() -> str:
    """Give the JSON Schema, as text, of the value under the added key."""
    return files(__package__).joinpath("schema.json").read_text(encoding="utf-8")
