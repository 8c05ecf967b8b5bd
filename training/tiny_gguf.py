"""Writing `tiny` as GGUF: architecture llama, matrices in Q8_0, norms in F32."""

import json
from pathlib import Path

import gguf
import numpy as np
import torch
from gguf.quants import dequantize, quantize
from tiny_model import Decoder
from tiny_tokenizer import CONTROL_TOKENS
from tokenizers import Tokenizer

DESCRIPTION = (
    "A demonstration model for trying out seaguard without a download. It is no moderator: "
    "it learned one data set and a few sentence patterns, and must not be relied on."
)
BLOCK_NAMES = {
    "attention_norm": "attn_norm",
    "attention.query": "attn_q",
    "attention.key": "attn_k",
    "attention.value": "attn_v",
    "attention.output": "attn_output",
    "feed_norm": "ffn_norm",
    "gate": "ffn_gate",
    "up": "ffn_up",
    "down": "ffn_down",
}
Q8 = gguf.GGMLQuantizationType.Q8_0


def gguf_name(name: str) -> str:
    """llama.cpp's name for a weight of the decoder."""
    top = {"embedding.weight": "token_embd.weight", "norm.weight": "output_norm.weight"}
    if name in top:
        return top[name]
    _, number, part = name.removesuffix(".weight").split(".", 2)
    return f"blk.{number}.{BLOCK_NAMES[part]}.weight"


def round_weights(model: Decoder) -> None:
    """Set the model's matrices to the values that Q8_0 leaves of them."""
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() == 2:
                weight.copy_(torch.from_numpy(dequantize(quantize(weight.numpy(), Q8), Q8)))


def add_shape(writer: gguf.GGUFWriter, model: Decoder) -> None:
    """Add the general keys and the sizes."""
    shape = model.shape
    writer.add_name("tiny")
    writer.add_description(DESCRIPTION)
    writer.add_license("MIT")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(shape.context)
    writer.add_block_count(shape.blocks)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.key_heads)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_vocab_size(shape.vocabulary)


def add_tokenizer(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    """Add the vocabulary, its types, the merges and the control tokens' roles."""
    tokens = [tokenizer.id_to_token(number) for number in range(tokenizer.get_vocab_size())]
    types = [
        gguf.TokenType.CONTROL if token in CONTROL_TOKENS else gguf.TokenType.NORMAL
        for token in tokens
    ]
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_eos_token_id(tokenizer.token_to_id("<|im_end|>"))
    writer.add_pad_token_id(tokenizer.token_to_id("<|endoftext|>"))
    writer.add_add_bos_token(False)


def write_gguf(model: Decoder, tokenizer: Tokenizer, path: Path) -> None:
    """Write the model and its tokenizer to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(str(path), "llama")
    add_shape(writer, model)
    add_tokenizer(writer, tokenizer)
    for name, weight in model.state_dict().items():
        values = weight.numpy().astype(np.float32)
        if values.ndim == 2:
            writer.add_tensor(gguf_name(name), quantize(values, Q8), raw_dtype=Q8)
        else:
            writer.add_tensor(gguf_name(name), values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
