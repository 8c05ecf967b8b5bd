"""Arrow columns as JSON knows values. pyarrow is an extra, and heavy: it is imported here."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from seaguard_cli.errors import ParquetMissing

# pyarrow comes without types of its own: these stand for its DataType and its Array.
Type = Any
Column = Any


def parquet_library(name: str) -> Any:  # noqa: ANN401  # a module without types
    """Give `pyarrow.parquet`, or raise ParquetMissing: `name` is what needs it."""
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise ParquetMissing(path=name) from error
    return parquet


def plain_values(column: Column) -> list[object]:
    """Give a column's values as null, booleans, numbers, texts, lists and objects.

    Times (those of a zone in UTC) and decimals are texts, a map is a list of pairs. Bytes, whatever
    their type says of them, are a text if they are UTF-8; if not they stay bytes.
    """
    import pyarrow

    try:
        for kind in _steps(column.type):
            column = column.cast(kind)
        values: list[object] = column.to_pylist()
    except UnicodeDecodeError:
        column = column.cast(_mapped(column.type, _string_as_bytes))
        values = column.to_pylist()
    except pyarrow.ArrowException:
        return [str(value) if value.is_valid else None for value in column]
    return list(map(_decoded, values)) if _holds_bytes(column.type) else values


def json_default(value: object) -> str:
    """Give what stands in JSON for a value that it does not know: for bytes base64."""
    return b64encode(value).decode() if isinstance(value, bytes) else str(value)


@lru_cache(maxsize=1024)
def _steps(kind: Type) -> list[Type]:
    """Give the types that a column is cast to, one after the other, before it is read."""
    steps = [kind]
    for leaf in (_in_utc, _as_text):
        steps.append(_mapped(steps[-1], leaf))
    return [one for one, before in zip(steps[1:], steps, strict=False) if one != before]


@lru_cache(maxsize=1024)
def _holds_bytes(kind: Type) -> bool:
    from pyarrow import types

    if types.is_nested(kind):
        return any(_holds_bytes(kind.field(at).type) for at in range(kind.num_fields))
    return _is_bytes(kind)


def _mapped(kind: Type, leaf: Callable[[Type], Type]) -> Type:
    """Give a type with every type in it that holds no other put through `leaf`."""
    import pyarrow
    from pyarrow import types

    if types.is_dictionary(kind):
        return _mapped(kind.value_type, leaf)
    if types.is_struct(kind):
        return pyarrow.struct([_mapped_field(field, leaf) for field in kind])
    if types.is_map(kind):
        return pyarrow.map_(_mapped(kind.key_type, leaf), _mapped(kind.item_type, leaf))
    if types.is_fixed_size_list(kind):
        return pyarrow.list_(_mapped_field(kind.value_field, leaf), kind.list_size)
    if types.is_list(kind):
        return pyarrow.list_(_mapped_field(kind.value_field, leaf))
    if types.is_large_list(kind):
        return pyarrow.large_list(_mapped_field(kind.value_field, leaf))
    return leaf(kind)


def _mapped_field(field: Any, leaf: Callable[[Type], Type]) -> Any:  # noqa: ANN401  # as above
    return field.with_type(_mapped(field.type, leaf))


def _in_utc(kind: Type) -> Type:
    """Give a time's type in UTC: a zone that this machine does not know could not be shown."""
    import pyarrow
    from pyarrow import types

    zoned = types.is_timestamp(kind) and kind.tz is not None
    return pyarrow.timestamp(kind.unit, "UTC") if zoned else kind


def _as_text(kind: Type) -> Type:
    import pyarrow
    from pyarrow import types

    return pyarrow.string() if types.is_temporal(kind) or types.is_decimal(kind) else kind


def _string_as_bytes(kind: Type) -> Type:
    import pyarrow
    from pyarrow import types

    if types.is_large_string(kind):
        return pyarrow.large_binary()
    return pyarrow.binary() if types.is_string(kind) or types.is_string_view(kind) else kind


def _is_bytes(kind: Type) -> bool:
    from pyarrow import types

    return bool(
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_binary_view(kind)
        or types.is_fixed_size_binary(kind)
    )


def _decoded(value: object) -> object:
    """Give a value with the bytes in it as text where they are UTF-8."""
    match value:
        case bytes():
            try:
                return value.decode()
            except UnicodeDecodeError:
                return value
        case list() | tuple():
            return list(map(_decoded, value))
        case dict():
            return {key: _decoded(one) for key, one in value.items()}
    return value
