"""Small GGUF files of the three families, with weights drawn at random: guards to test with.

The vocabulary is listed as llama.cpp's converter lists that of a real model. A `Listing` and the
weights are plain values, so that a test can spoil either before it is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from gguf import TokenType
from numpy.typing import NDArray

FOLDER = Path(__file__).parent
Weights = dict[str, NDArray[np.floating[Any]]]

# Those in <|...|> too: see `does_token_look_special` in llama.cpp's convert_hf_to_gguf.py.
_LOOKS_CONTROL = ("<pad>", "<mask>", "<2mass>", "[@BOS@]")


@dataclass(frozen=True)
class Kind:
    """What sets one model family apart in a GGUF."""

    name: str
    architecture: str
    tokenizer: str
    split: str
    end: str
    start: str | None
    tied: bool
    seed: int
    blocks: int = 2

    @property
    def spoken(self) -> bool:
        """Tell whether the tokenizer works on pieces of text with scores, not on bytes."""
        return self.tokenizer == "llama"


# The seeds are such that about half of all texts come out unsafe.
QWEN = Kind("qwen", "qwen3vl", "gpt2", "qwen2", "<|im_end|>", None, tied=True, seed=37)
LLAMA = Kind(
    "llama", "llama", "gpt2", "llama-bpe", "<|eot_id|>", "<|begin_of_text|>", tied=False, seed=30
)
# Every sixth layer of gemma3 looks at everything, the others at a window.
GEMMA = Kind("gemma", "gemma3", "llama", "default", "<eos>", "<bos>", tied=True, seed=32, blocks=6)
KINDS = {kind.name: kind for kind in (QWEN, LLAMA, GEMMA)}


@dataclass(frozen=True)
class Shape:
    """The sizes of a model. `window` is that of gemma3's local layers, in tokens."""

    width: int = 64
    heads: int = 4
    key_heads: int = 2
    head_width: int = 32
    feed_forward: int = 128
    context: int = 8192
    window: int = 64


@dataclass(frozen=True)
class Listing:
    """A vocabulary as a GGUF lists it."""

    tokens: list[str]
    types: list[TokenType]
    merges: list[str] = field(default_factory=list)

    def id_of(self, token: str) -> int:
        """Give the id of `token`."""
        return self.tokens.index(token)

    def of_type(self, *types: TokenType) -> list[str]:
        """Give the tokens of any of `types`."""
        return [token for token, kind in zip(self.tokens, self.types, strict=True) if kind in types]

    def retyped(self, tokens: Iterable[str], kind: TokenType) -> Listing:
        """Give the listing with other types for some of its tokens."""
        types = list(self.types)
        for token in tokens:
            types[self.id_of(token)] = kind
        return replace(self, types=types)

    def renamed(self, names: Mapping[str, str]) -> Listing:
        """Give the listing with other texts for some of its tokens."""
        return replace(self, tokens=[names.get(token, token) for token in self.tokens])

    def extended(self, tokens: Iterable[str], kind: TokenType) -> Listing:
        """Give the listing with more tokens at its end."""
        more = list(tokens)
        return replace(self, tokens=self.tokens + more, types=self.types + [kind] * len(more))

    def without_merges_to(self, *made: str) -> Listing:
        """Give the listing in which no merge makes one of the tokens `made`."""
        kept = [merge for merge in self.merges if merge.replace(" ", "", 1) not in made]
        return replace(self, merges=kept)


def tokenizer_file(kind: Kind) -> Path:
    """Give where the family's tokenizer lies, in Hugging Face's JSON."""
    return FOLDER / f"{kind.name}.json"


def listing(kind: Kind, file: Path | None = None) -> Listing:
    """List the vocabulary of a Hugging Face tokenizer, the family's own one if no other."""
    table = json.loads((file or tokenizer_file(kind)).read_text(encoding="utf-8"))
    numbered = {number: token for token, number in table["model"]["vocab"].items()}
    added = {one["id"]: one for one in table["added_tokens"]}
    numbered |= {number: one["content"] for number, one in added.items()}
    tokens, types = [], []
    for number in range(max(numbered) + 1):
        token = numbered[number]
        listed = _added_type(added[number]) if number in added else _type_of(kind, token)
        # llama.cpp matches such a token in the text as it is, where a blank is a blank.
        tokens.append(token.replace("▁", " ") if listed == TokenType.USER_DEFINED else token)
        types.append(listed)
    merges = [] if kind.spoken else [_joined(merge) for merge in table["model"]["merges"]]
    return Listing(tokens, types, merges)


def _added_type(token: Mapping[str, Any]) -> TokenType:
    text = token["content"]
    brackets = (text.startswith("<|") and text.endswith("|>")) or text.startswith("<unused")
    if text == "<unk>":
        return TokenType.UNKNOWN
    if token["special"] or brackets or text in _LOOKS_CONTROL:
        return TokenType.CONTROL
    return TokenType.USER_DEFINED


def _type_of(kind: Kind, token: str) -> TokenType:
    a_byte = kind.spoken and len(token) == 6 and token.startswith("<0x") and token.endswith(">")
    return TokenType.BYTE if a_byte else TokenType.NORMAL


def _joined(merge: str | list[str]) -> str:
    return merge if isinstance(merge, str) else " ".join(merge)


def random_weights(kind: Kind, listed: Listing, shape: Shape) -> Weights:
    """Draw weights for which the two verdicts' logits differ from text to text.

    Norms are left at one, matrices are drawn so that activations keep their size, attention is
    made sharp, and the rows of the two verdicts are scaled up.
    """
    rng = np.random.default_rng(kind.seed)

    def drawn(*sizes: int, scale: float = 1.0) -> NDArray[np.float32]:
        spread = scale / np.sqrt(sizes[-1])
        return (rng.standard_normal(sizes) * spread).astype(np.float32)

    def ones(size: int) -> NDArray[np.float32]:
        return np.ones(size, dtype=np.float32)

    width, feed = shape.width, shape.feed_forward
    queries, keys = shape.heads * shape.head_width, shape.key_heads * shape.head_width
    weights: Weights = {"token_embd.weight": drawn(len(listed.tokens), width, scale=4)}
    for block in range(kind.blocks):
        name = f"blk.{block}."
        weights |= {
            name + "attn_norm.weight": ones(width),
            name + "attn_q.weight": drawn(queries, width, scale=2),
            name + "attn_k.weight": drawn(keys, width, scale=2),
            name + "attn_v.weight": drawn(keys, width, scale=2),
            name + "attn_output.weight": drawn(width, queries, scale=2),
            name + "ffn_norm.weight": ones(width),
            name + "ffn_gate.weight": drawn(feed, width),
            name + "ffn_up.weight": drawn(feed, width),
            name + "ffn_down.weight": drawn(width, feed),
        }
        if kind.name != "llama":
            weights[name + "attn_q_norm.weight"] = ones(shape.head_width)
            weights[name + "attn_k_norm.weight"] = ones(shape.head_width)
        if kind.name == "gemma":
            weights[name + "post_attention_norm.weight"] = ones(width)
            weights[name + "post_ffw_norm.weight"] = ones(width)
    weights["output_norm.weight"] = ones(width)
    if not kind.tied:
        weights["output.weight"] = drawn(len(listed.tokens), width)
    verdicts = [at for at, token in enumerate(listed.tokens) if token in ("safe", "unsafe")]
    head = weights["token_embd.weight" if kind.tied else "output.weight"]
    for row in verdicts:
        head[row] *= 3.0 / np.sqrt(np.square(head[row]).sum())
    return weights


def halved(weights: Weights) -> Weights:
    """Give the weights with matrices in F16, for which sums round otherwise in other shapes."""
    return {
        name: weight.astype(np.float16) if weight.ndim == 2 else weight
        for name, weight in weights.items()
    }


def write_gguf(
    path: Path, kind: Kind, listed: Listing, weights: Weights | None, shape: Shape | None = None
) -> Path:
    """Write a model to `path`, or its vocabulary alone without `weights`; give `path`."""
    writer = gguf.GGUFWriter(str(path), kind.architecture)
    _add_shape(writer, kind, shape or Shape())
    _add_tokenizer(writer, kind, listed)
    for name, weight in (weights or {}).items():
        writer.add_tensor(name, weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_shape(writer: gguf.GGUFWriter, kind: Kind, shape: Shape) -> None:
    writer.add_name(f"random {kind.name}")
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_context_length(shape.context)
    writer.add_block_count(kind.blocks)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.key_heads)
    writer.add_key_length(shape.head_width)
    writer.add_value_length(shape.head_width)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10_000.0)
    if kind.name == "qwen":
        half = shape.head_width // 2
        writer.add_rope_dimension_sections([half - 2 * (half // 3), half // 3, half // 3, 0])
        writer.add_num_deepstack_layers(0)
    else:
        writer.add_rope_dimension_count(shape.head_width)
    if kind.name == "gemma":
        writer.add_sliding_window(shape.window)


def _add_tokenizer(writer: gguf.GGUFWriter, kind: Kind, listed: Listing) -> None:
    writer.add_vocab_size(len(listed.tokens))
    writer.add_tokenizer_model(kind.tokenizer)
    writer.add_tokenizer_pre(kind.split)
    writer.add_token_list(listed.tokens)
    writer.add_token_types(listed.types)
    if kind.spoken:
        writer.add_token_scores([_score(listed, number) for number in range(len(listed.tokens))])
        writer.add_add_space_prefix(False)
        writer.add_unk_token_id(listed.id_of("<unk>"))
    else:
        writer.add_token_merges(listed.merges)
    if kind.end in listed.tokens:
        writer.add_eos_token_id(listed.id_of(kind.end))
    if kind.start is not None:
        writer.add_bos_token_id(listed.id_of(kind.start))
    writer.add_add_bos_token(kind.start is not None)


def _score(listed: Listing, number: int) -> float:
    """Give a piece's score: SentencePiece's, for which the earlier merge is the better one."""
    return -float(number) if listed.types[number] == TokenType.NORMAL else -1000.0
