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


def digest(path: Path) -> dict[str, Any]:
    """Tensors with shape, type and the hash of their bytes; and every key that decides."""
    reader = gguf.GGUFReader(path)
    return {
        "tensors": {
            one.name: [
                [int(size) for size in one.shape],
                one.tensor_type.name,
                hashlib.sha256(np.ascontiguousarray(one.data).tobytes()).hexdigest(),
            ]
            for one in sorted(reader.tensors, key=lambda one: one.name)
        },
        "metadata": metadata(reader),
    }


def metadata(reader: gguf.GGUFReader) -> dict[str, Any]:
    """The keys that decide, a long list as its length and the hash of its JSON."""
    kept = {
        key: field.contents()
        for key, field in sorted(reader.fields.items())
        if not key.startswith(("GGUF.", "general.")) or key in _KEPT_GENERAL
    }
    return {key: _short(value) for key, value in kept.items()}


def _short(value: Any) -> Any:
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) <= _SHORT:
        return value
    text = json.dumps(list(value), ensure_ascii=True)
    return [len(value), hashlib.sha256(text.encode()).hexdigest()]
