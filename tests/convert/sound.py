"""A small checkpoint that is a guard: the embedded model, as Hugging Face would save it."""

from __future__ import annotations

import json
from pathlib import Path

import gguf
import numpy as np
from gguf.quants import dequantize

from convert.recipes import RECIPES, TOKENIZER_SETTINGS
from seaguard_cli.weights import load_catalogue

_BLOCK = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_TOP = {"token_embd": "embed_tokens", "output_norm": "norm"}
_CONTROL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def write_guard(folder: Path) -> Path:
    """Write the checkpoint into `folder`, in two shards; its scores are those of the model."""
    embedded = load_catalogue().models["tiny"].embedded
    assert embedded is not None
    reader = gguf.GGUFReader(embedded)
    folder.mkdir(parents=True, exist_ok=True)
    _write_configuration(reader, folder)
    _write_tokenizer(reader, folder)
    _write_weights(reader, folder)
    return folder


def _value(reader: gguf.GGUFReader, key: str) -> object:
    field = reader.get_field(key)
    assert field is not None
    return field.contents()


def _write_configuration(reader: gguf.GGUFReader, folder: Path) -> None:
    keys = {
        "hidden_size": "llama.embedding_length",
        "intermediate_size": "llama.feed_forward_length",
        "num_hidden_layers": "llama.block_count",
        "num_attention_heads": "llama.attention.head_count",
        "num_key_value_heads": "llama.attention.head_count_kv",
        "head_dim": "llama.rope.dimension_count",
        "vocab_size": "llama.vocab_size",
        "max_position_embeddings": "llama.context_length",
        "rms_norm_eps": "llama.attention.layer_norm_rms_epsilon",
        "rope_theta": "llama.rope.freq_base",
    }
    config = {name: _value(reader, key) for name, key in keys.items()}
    config |= {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
    config |= {"tie_word_embeddings": True, "hidden_act": "silu"}
    (folder / "config.json").write_text(json.dumps(config))


def _write_tokenizer(reader: gguf.GGUFReader, folder: Path) -> None:
    """Write Qwen's way to split and to merge, with the model's own vocabulary."""
    table = json.loads((RECIPES["qwen-5"].folder / "tokenizer.json").read_text(encoding="utf-8"))
    tokens = _value(reader, "tokenizer.ggml.tokens")
    merges = _value(reader, "tokenizer.ggml.merges")
    assert isinstance(tokens, list)
    assert isinstance(merges, list)
    table["model"]["vocab"] = {text: number for number, text in enumerate(tokens)}
    table["model"]["merges"] = [merge.split(" ") for merge in merges]
    table["added_tokens"] = [
        {**table["added_tokens"][0], "id": tokens.index(text), "content": text, "special": True}
        for text in _CONTROL
    ]
    (folder / "tokenizer.json").write_text(json.dumps(table), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(TOKENIZER_SETTINGS["qwen"]))


def _write_weights(reader: gguf.GGUFReader, folder: Path) -> None:
    heads = {"attn_q": "llama.attention.head_count", "attn_k": "llama.attention.head_count_kv"}
    found = {}
    for tensor in reader.tensors:
        values = dequantize(tensor.data, tensor.tensor_type)
        part = tensor.name.removesuffix(".weight").rpartition(".")[2]
        if part in heads:
            count = _value(reader, heads[part])
            assert isinstance(count, int)
            # llama.cpp has the two halves of a head's rotation side by side.
            apart = values.reshape(count, -1, 2, values.shape[1]).swapaxes(1, 2)
            values = apart.reshape(values.shape)
        found[_name(tensor.name)] = np.ascontiguousarray(values, dtype=np.float32)
    names = list(found)
    halves = (names[: len(names) // 2], names[len(names) // 2 :])
    placed = {}
    for number, half in enumerate(halves, 1):
        shard = f"model-{number:05d}-of-00002.safetensors"
        placed |= dict.fromkeys(half, shard)
        _write_shard(folder / shard, {name: found[name] for name in half})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": placed}))


def _name(name: str) -> str:
    stem = name.removesuffix(".weight")
    if stem in _TOP:
        return f"model.{_TOP[stem]}.weight"
    _, layer, part = stem.split(".")
    return f"model.layers.{layer}.{_BLOCK[part]}.weight"


def _write_shard(path: Path, tensors: dict[str, np.ndarray]) -> None:
    header, end = {}, 0
    for name, values in tensors.items():
        begin, end = end, end + values.nbytes
        header[name] = {"dtype": "F32", "shape": values.shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    data = b"".join(values.tobytes() for values in tensors.values())
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
