"""What JSON calls the types of its values."""

from __future__ import annotations

_TYPES: dict[type, str] = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def json_type(value: object) -> str:
    """Give JSON's name for the type of a parsed value."""
    return _TYPES.get(type(value), "null")
