"""The tiny checkpoints: what each is, without the libraries that make it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CHECKPOINTS = HERE / "checkpoints"
GOLDEN = HERE / "golden"

_GIVEN = (
    "You are a classifier for analyzing interactions between humans and LLMs. "
    "Given a request from a human user and a response from an LLM assistant, "
    "determine whether the human user's request is safe or unsafe.\nHuman user:"
)
WRAPPERS: Mapping[str, tuple[str, str]] = {
    "qwen": ("<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n"),
    "llama": (
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n",
        "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    ),
    "gemma": ("<bos><start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>model\n"),
}
# As in each family's real tokenizer_config.json.
TOKENIZER_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "qwen": {
        "tokenizer_class": "Qwen2Tokenizer",
        "add_bos_token": False,
        "add_prefix_space": False,
        "bos_token": None,
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "unk_token": None,
    },
    "llama": {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|begin_of_text|>",
        "eos_token": "<|eot_id|>",
        "clean_up_tokenization_spaces": True,
    },
    "gemma": {
        "tokenizer_class": "GemmaTokenizer",
        "add_bos_token": True,
        "add_eos_token": False,
        "bos_token": "<bos>",
        "eos_token": "<end_of_turn>",
        "pad_token": "<pad>",
        "unk_token": "<unk>",
    },
}


@dataclass(frozen=True)
class Recipe:
    """One checkpoint. `transformers` is the major version that writes it.

    `sizes` go into the text configuration; `pieces`: with SentencePiece's tokenizer.model;
    `padding`: rows of the embedding that no token has. `seed`: the first to try; scores spread.
    """

    name: str
    family: str
    transformers: int
    model: str
    dtype: str
    tied: bool
    sharded: bool
    pieces: bool = False
    padding: int = 0
    seed: int = 0
    sizes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return CHECKPOINTS / self.name


_SMALL = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 32,
    "max_position_embeddings": 4096,
}
_LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 256,
}
_QWEN_ROPE = {"rope_type": "default", "mrope_section": [6, 5, 5], "mrope_interleaved": True}
_GEMMA = {
    **_SMALL,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 7,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "sliding_window": 64,
    "query_pre_attn_scalar": 32,
}
_GEMMA_4 = {"rope_theta": 1_000_000.0, "rope_local_base_freq": 10_000.0}
_GEMMA_5 = {
    "rope_parameters": {
        "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1_000_000.0},
        "sliding_attention": {"rope_type": "default", "rope_theta": 10_000.0},
    }
}

RECIPES: Mapping[str, Recipe] = {
    one.name: one
    for one in (
        Recipe(
            name="qwen-4",
            seed=141,
            family="qwen",
            transformers=4,
            model="Qwen3VLForConditionalGeneration",
            dtype="bfloat16",
            tied=True,
            sharded=True,
            padding=9,
            sizes={**_SMALL, "rope_theta": 5_000_000.0, "rope_scaling": _QWEN_ROPE},
        ),
        Recipe(
            name="qwen-5",
            seed=109,
            family="qwen",
            transformers=5,
            model="Qwen3VLForConditionalGeneration",
            dtype="bfloat16",
            tied=False,
            sharded=False,
            sizes={
                **_SMALL,
                "rope_parameters": {**_QWEN_ROPE, "rope_theta": 5_000_000.0},
            },
        ),
        Recipe(
            name="llama-4",
            seed=3,
            family="llama",
            transformers=4,
            model="LlamaForCausalLM",
            dtype="bfloat16",
            tied=False,
            sharded=True,
            sizes={**_SMALL, "rope_theta": 10_000.0, "rope_scaling": _LLAMA3},
        ),
        Recipe(
            name="llama-5",
            seed=3,
            family="llama",
            transformers=5,
            model="LlamaForCausalLM",
            dtype="float16",
            tied=True,
            sharded=False,
            padding=3,
            sizes={**_SMALL, "rope_parameters": {**_LLAMA3, "rope_theta": 500_000.0}},
        ),
        Recipe(
            name="gemma-4",
            seed=19,
            family="gemma",
            transformers=4,
            model="Gemma3ForConditionalGeneration",
            dtype="bfloat16",
            tied=True,
            sharded=True,
            pieces=True,
            padding=5,
            sizes={**_GEMMA, **_GEMMA_4, "rope_scaling": {"rope_type": "linear", "factor": 8.0}},
        ),
        Recipe(
            name="gemma-5",
            seed=29,
            family="gemma",
            transformers=5,
            model="Gemma3ForConditionalGeneration",
            dtype="bfloat16",
            tied=True,
            sharded=False,
            sizes={**_GEMMA, **_GEMMA_5},
        ),
        Recipe(
            name="gemma-text-4",
            seed=7,
            family="gemma",
            transformers=4,
            model="Gemma3ForCausalLM",
            dtype="float32",
            tied=True,
            sharded=False,
            sizes={**_GEMMA, **_GEMMA_4},
        ),
        Recipe(
            name="gemma-text-5",
            seed=104,
            family="gemma",
            transformers=5,
            model="Gemma3ForCausalLM",
            dtype="bfloat16",
            tied=False,
            sharded=True,
            pieces=True,
            sizes={**_GEMMA, **_GEMMA_5, "final_logit_softcapping": 3.0},
        ),
    )
}


def whole_prompt(family: str, prompt: str) -> str:
    """The prompt as sea-guard models were trained on it, control tokens in their place."""
    before, after = WRAPPERS[family]
    return f"{before}{_GIVEN}{prompt}{after}"
