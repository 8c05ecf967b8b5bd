"""The published schema of what is added to a record."""

from __future__ import annotations


def schema() -> str:
    """Give the JSON Schema, as text, of the value under the added key."""
    from importlib.resources import files

    return files(__package__).joinpath("schema.json").read_text(encoding="utf-8")
