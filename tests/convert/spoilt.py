"""Every way to spoil a checkpoint: which one, how, and the words that must tell of it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

from convert.folders import changed, first_values, header, text_config

_Q_PROJ = "model.layers.0.self_attn.q_proj.weight"
_SINGLE = "model.safetensors"
_SHARD = "model-00002-of-00004.safetensors"
_INDEX = "model.safetensors.index.json"


def _text(**settings: object) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        with text_config(folder) as config:
            config.update(settings)

    return spoil


def _whole(**settings: object) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        with changed(folder / "config.json") as config:
            config.update(settings)

    return spoil


def _written(name: str, data: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(data) and None


def _gone(*names: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return spoil


def _cut(name: str, size: int) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[:size] if size > 0 else data[: len(data) + size])

    return spoil


def _stored(name: str, tensor: str, **entry: object) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        with header(folder / name) as table:
            table[tensor] = {**table[tensor], **entry}

    return spoil


def _renamed(name: str, tensor: str, to: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        with header(folder / name) as table:
            table[to] = table.pop(tensor)

    return spoil


def _placed(tensor: str, where: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        with changed(folder / _INDEX) as index:
            index["weight_map"][tensor] = where

    return spoil


def _tokenizer(change: Callable[[dict], object]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        with changed(folder / "tokenizer.json") as table:
            change(table)

    return spoil


def _values(name: str, tensor: str, data: bytes) -> Callable[[Path], None]:
    return lambda folder: first_values(folder / name, tensor, data)


NOT_CONVERTIBLE = {
    "another architecture": (
        "llama-5",
        _whole(architectures=["MistralForCausalLM"]),
        "it is a MistralForCausalLM",
    ),
    "another architecture, by its type": (
        "llama-5",
        _whole(architectures=None, model_type="bert"),
        "it is a bert",
    ),
    "no architecture": ("llama-5", _whole(architectures=[], model_type=None), "no architecture"),
    "quantised already": (
        "llama-5",
        _whole(quantization_config={"quant_method": "fp8"}),
        "quantised already",
    ),
    "other weights than safetensors": ("llama-5", _gone(_SINGLE), "no model.safetensors"),
    "a biased attention": ("llama-5", _text(attention_bias=True), "attention_bias is True"),
    "another activation": ("qwen-5", _text(hidden_act="relu"), "hidden_act is 'relu'"),
    "an unknown scaling": (
        "llama-5",
        _text(rope_parameters={"rope_type": "yarn", "factor": 4.0, "rope_theta": 1e4}),
        "'yarn'",
    ),
    "Llama's scaling in another model": (
        "qwen-4",
        _text(rope_scaling={"rope_type": "llama3", "factor": 4.0}),
        "'llama3'",
    ),
    "half of a head rotated": ("llama-5", _text(partial_rotary_factor=0.5), "a part of each head"),
    "too many layers for images": (
        "qwen-5",
        _whole(vision_config={"deepstack_visual_indexes": [0, 1]}),
        "images go into 2 of its 2 layers",
    ),
    "an unusual order of layers": (
        "gemma-5",
        _text(layer_types=["full_attention"] * 7),
        "alternate in an unusual way",
    ),
    "another window pattern": ("gemma-4", _text(sliding_window_pattern=4), "pattern is 4"),
    "another scale of attention": (
        "gemma-text-4",
        _text(query_pre_attn_scalar=64),
        "query_pre_attn_scalar is not 32",
    ),
    "a tensor too many": (
        "llama-5",
        _renamed(_SINGLE, _Q_PROJ, "model.layers.0.self_attn.q_proj.bias"),
        f"no shard holds {_Q_PROJ}",
    ),
    "weights in 8 bits": (
        "llama-5",
        _stored(_SINGLE, _Q_PROJ, dtype="F8_E4M3", shape=[256, 64]),
        "has the shape 256 x 64, not 128 x 64",
    ),
    "whole numbers": ("llama-5", _stored(_SINGLE, _Q_PROJ, dtype="I16"), "is stored as I16"),
    "a tokenizer of another kind": (
        "qwen-5",
        _tokenizer(lambda table: table["model"].update(type="Unigram")),
        "tokenizer is a Unigram",
    ),
    "another way to split texts": (
        "qwen-5",
        _tokenizer(
            lambda table: table["pre_tokenizer"]["pretokenizers"][0].update(pattern={"Regex": "."})
        ),
        "splits texts in an unknown way",
    ),
}
# Found on the same way, but it is the file that is wrong.
IN_TRUTH_BROKEN = {"a tensor too many", "weights in 8 bits"}

BROKEN = {
    "no configuration": ("llama-5", _gone("config.json"), "config.json: it is missing"),
    "a configuration cut off": ("llama-5", _cut("config.json", 40), "it is not JSON"),
    "a configuration that is a list": ("llama-5", _written("config.json", b"[]"), "JSON object"),
    "a setting missing": ("llama-5", _text(hidden_size=None), "hidden_size is missing"),
    "a setting that is a text": ("llama-5", _text(hidden_size="64"), "hidden_size is '64'"),
    "no layers": ("llama-5", _text(num_hidden_layers=0), "num_hidden_layers is 0"),
    "more layers than any model has": (
        "llama-5",
        _text(num_hidden_layers=10**12),
        "num_hidden_layers is 1,000,000,000,000, more than any model has",
    ),
    "more tokens than any model has": (
        "qwen-5",
        _text(vocab_size=10**12),
        "vocab_size is 1,000,000,000,000, more than any model has",
    ),
    "a fraction of a layer": ("llama-5", _text(num_hidden_layers=1.5), "num_hidden_layers is 1.5"),
    "heads that do not share": ("llama-5", _text(num_key_value_heads=3), "4 heads"),
    "no base frequency": ("qwen-4", _text(rope_theta=None), "rope_theta is missing"),
    "no sections": ("qwen-4", _text(rope_scaling=None), "mrope_section is []"),
    "a text configuration that is a list": ("qwen-4", _whole(text_config=[1]), "text_config"),
    "no shard": ("llama-4", _gone(_SHARD), f"{_SHARD}: it is missing"),
    "no shard, and no index": ("llama-4", _gone(_SHARD, _INDEX), f"{_SHARD}: it is missing"),
    "a shard cut off": ("llama-4", _cut(_SHARD, -1), "bytes where its header tells of"),
    "a shard with more than it tells": (
        "llama-4",
        lambda folder: (folder / _SHARD).open("ab").write(b"more") and None,
        "bytes where its header tells of",
    ),
    "a shard cut off in its header": ("llama-4", _cut(_SHARD, 100), "ends inside its header"),
    "an empty shard": ("llama-4", _written(_SHARD, b""), "ends inside its header"),
    "a page in place of a shard": (
        "llama-4",
        _written(_SHARD, b"<!DOCTYPE html><html>not found</html>" * 9),
        "ends inside its header",
    ),
    "a header that is no JSON": (
        "llama-5",
        _written(_SINGLE, (9).to_bytes(8, "little") + b"{}{}{}{}{"),
        "its header is not what safetensors has there",
    ),
    "an index without a map": ("llama-4", _written(_INDEX, b"{}"), "no weight_map"),
    "an index that leads out of the folder": (
        "llama-4",
        _placed(_Q_PROJ, "../../secret.safetensors"),
        "is not the name of a shard",
    ),
    "an index that names another shard": (
        "llama-4",
        _placed(_Q_PROJ, "model-00003-of-00004.safetensors"),
        f"it lacks {_Q_PROJ}",
    ),
    "a tensor missing": (
        "llama-5",
        _renamed(_SINGLE, "model.norm.weight", "model.visual.norm.weight"),
        "no shard holds model.norm.weight",
    ),
    "a head missing": ("llama-5", _text(tie_word_embeddings=False), "no shard holds lm_head"),
    "a tensor of another shape": (
        "llama-5",
        _stored(_SINGLE, _Q_PROJ, shape=[64, 128]),
        "has the shape 64 x 128, not 128 x 64",
    ),
    "a larger vocabulary than its embedding": (
        "llama-5",
        _text(vocab_size=1400),
        "embed_tokens.weight has the shape",
    ),
    "a shape that its bytes do not fill": (
        "llama-5",
        _stored(_SINGLE, _Q_PROJ, shape=[128, 65]),
        f"tells of {_Q_PROJ} what cannot be",
    ),
    "a type that is not known": (
        "llama-5",
        _stored(_SINGLE, _Q_PROJ, dtype="Q4_X"),
        "the type 'Q4_X', which is not known",
    ),
    "a negative size": ("llama-5", _stored(_SINGLE, _Q_PROJ, shape=[-128, -64]), "cannot be"),
    "a tensor twice": (
        "qwen-5",
        _renamed(_SINGLE, "model.visual.pos_embed.weight", "language_model.lm_head.weight"),
        "twice",
    ),
    "values that are no numbers": (
        "llama-5",
        _values(_SINGLE, _Q_PROJ, struct.pack("<e", float("nan"))),
        f"{_Q_PROJ} holds values that are infinite or no numbers",
    ),
    "no tokenizer": ("llama-5", _gone("tokenizer.json"), "tokenizer.json: it is missing"),
    "a tokenizer without merges": (
        "llama-5",
        _tokenizer(lambda table: table["model"].update(merges=[])),
        "no merges",
    ),
    "a token beyond the embedding": (
        "llama-5",
        _tokenizer(lambda table: table["model"]["vocab"].update(surplus=9999)),
        "the token 'surplus' has the number 9999",
    ),
    "a token twice": (
        "llama-5",
        _tokenizer(lambda table: table["added_tokens"][0].update(content="safe")),
        "lists 'safe' twice",
    ),
    "an added token without a text": (
        "llama-5",
        _tokenizer(lambda table: table["added_tokens"][0].pop("content")),
        "lacks its number or its text",
    ),
    "pieces that are none": ("gemma-4", _written("tokenizer.model", b"\x0a"), "SentencePiece"),
    "pieces cut off": ("gemma-4", _cut("tokenizer.model", -7), "SentencePiece"),
    "no pieces": ("gemma-4", _written("tokenizer.model", b""), "SentencePiece"),
}
