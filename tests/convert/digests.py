"""What of a GGUF decides how it works, short enough to commit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gguf
import numpy as np

# What a file is called and where it came from moves no score.
_KEPT_GENERAL = ("general.architecture", "general.file_type", "general.quantization_version")
_SHORT = 8
_LINE = 80
# Of a hash's hexadecimal digits: enough to tell two files apart.
_DIGITS = 16


def digest(path: Path) -> dict[str, Any]:
    """Tensors with shape, type and the hash of their bytes; and every key that decides."""
    reader = gguf.GGUFReader(path)
    return {
        "tensors": {
            one.name: [
                [int(size) for size in one.shape],
                one.tensor_type.name,
                _hash(np.ascontiguousarray(one.data).tobytes()),
            ]
            for one in sorted(reader.tensors, key=lambda one: one.name)
        },
        "metadata": metadata(reader),
    }


def metadata(reader: gguf.GGUFReader) -> dict[str, Any]:
    """The keys that decide, a long text or list as its length and a hash."""
    kept = {
        key: field.contents()
        for key, field in sorted(reader.fields.items())
        if not key.startswith(("GGUF.", "general.")) or key in _KEPT_GENERAL
    }
    return {key: _short(value) for key, value in kept.items()}


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _LINE else [len(value), _hash(value.encode())]
    if not isinstance(value, Sequence) or len(value) <= _SHORT:
        return value
    text = json.dumps(list(value), ensure_ascii=True)
    return [len(value), _hash(text.encode())]


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_DIGITS]
