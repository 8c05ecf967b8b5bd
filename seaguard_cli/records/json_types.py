"""What JSON calls the types of its values."""

from __future__ import annotations

_TYPES: dict[type, str] = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
    # Not JSON's: a cell of a Parquet file that is no text.
    bytes: "binary",
}


def json_type(value: object) -> str:
    """Give JSON's name for the type of a parsed value."""
    return _TYPES.get(type(value), "null")
