"""The tensors of a checkpoint's text part, whichever shard they are in and however prefixed."""

from __future__ import annotations

import re
from pathlib import Path

from seaguard_cli.errors import CheckpointBroken, NotConvertible
from seaguard_cli.weights.convert.read import read_json
from seaguard_cli.weights.convert.safetensors import Stored, read_shard

_INDEX = "model.safetensors.index.json"
_NUMBERED = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.safetensors")
# Qwen3-VL has `model.visual`, Gemma 3 `vision_tower` and `multi_modal_projector`.
_OF_IMAGES = ("visual.", "vision_", "multi_modal_projector.")
# What older checkpoints store though it follows from the configuration.
_COMPUTED = (".rotary_emb.inv_freq", ".attention.masked_bias", ".attention.bias")
# transformers 4 writes `language_model.model.layers` for Gemma 3, transformers 5
# `model.language_model.layers`; a text model has neither.
_PREFIX = "language_model."


def text_tensors(folder: Path) -> dict[str, Stored]:
    """Give the text part's tensors, in the order of the files, by the name a text model has.

    That is `model.layers.0.self_attn.q_proj.weight`, `model.embed_tokens.weight`, `lm_head.weight`
    and so on. Raises CheckpointBroken when a shard is missing or not whole, and NotConvertible
    when the folder holds no safetensors.
    """
    found: dict[str, Stored] = {}
    for name, stored in _every_tensor(folder).items():
        if any(part in name for part in _OF_IMAGES) or name.endswith(_COMPUTED):
            continue
        plain = name.replace(_PREFIX, "")
        if plain in found:
            raise CheckpointBroken(path=str(stored.path), problem=f"it holds {plain} twice")
        found[plain] = stored
    return found


def _every_tensor(folder: Path) -> dict[str, Stored]:
    index = folder / _INDEX
    placed = _placed(index) if index.is_file() else {}
    files = sorted(set(placed.values())) or _files(folder)
    found: dict[str, Stored] = {}
    for name in files:
        shard = read_shard(folder / name)
        if twice := next((tensor for tensor in shard if tensor in found), None):
            raise CheckpointBroken(
                path=str(folder / name), problem=f"it holds {twice}, and so does another shard"
            )
        found |= shard
    for tensor, name in placed.items():
        if tensor not in found or found[tensor].path.name != name:
            problem = f"it lacks {tensor}, which {_INDEX} places there"
            raise CheckpointBroken(path=str(folder / name), problem=problem)
    return found


def _placed(index: Path) -> dict[str, str]:
    """Give which tensor is in which shard."""
    placed = read_json(index).get("weight_map")
    if not isinstance(placed, dict) or not placed:
        raise CheckpointBroken(path=str(index), problem="it has no weight_map")
    for name in placed.values():
        # A name from a stranger's file must not lead out of the folder.
        if not isinstance(name, str) or Path(name).name != name:
            raise CheckpointBroken(path=str(index), problem=f"{name!r} is not the name of a shard")
    return placed


def _files(folder: Path) -> list[str]:
    names = sorted(path.name for path in folder.glob("model*.safetensors"))
    if not names:
        raise NotConvertible(path=str(folder), problem="it holds no model.safetensors")
    for name in names:
        if numbered := _NUMBERED.fullmatch(name):
            stem, _, count = numbered.groups()
            names += [f"{stem}-{at:05d}-of-{count}.safetensors" for at in range(1, int(count) + 1)]
            break
    return sorted(set(names))
