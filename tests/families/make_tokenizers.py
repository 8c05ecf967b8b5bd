"""Train the three small tokenizers of the test models, and write them beside this file.

    python tests/families/make_tokenizers.py

Each is of the kind of a real one: the same algorithm, pre-tokenizer, normaliser and way of listing
control tokens, with about 1,400 tokens learned from `training/sentences`. The results are
committed: sentences written later change nothing until this is run again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

sys.path.insert(0, str(Path(__file__).parents[1]))

from families.texts import sentences

FOLDER = Path(__file__).parent
LEARNED = 1100

_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN_SPLIT = _WORDS
LLAMA_SPLIT = _WORDS.replace(r"|\p{N}|", r"|\p{N}{1,3}|")

QWEN_CONTROL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
)
# Not special for Hugging Face; llama.cpp's converter makes CONTROL of those in <|...|>.
QWEN_ADDED = ("<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_pad|>", "<|repo_name|>")
QWEN_USER_DEFINED = ("<tool_response>", "<think>", "</think>")
LLAMA_CONTROL = (
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|reserved_special_token_0|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eom_id|>",
    "<|eot_id|>",
    "<|python_tag|>",
)
LLAMA_USER_DEFINED = ("<think>", "[tool]")
GEMMA_CONTROL = ("<pad>", "<eos>", "<bos>", "<unk>")
GEMMA_ADDED = ("<mask>", "[multimodal]", "<unused0>", "<unused1>")
GEMMA_TURNS = ("<start_of_turn>", "<end_of_turn>", "<start_of_image>")
GEMMA_TAGS = ("<table>", "</table>", "<b>", "</b>", "<code>", "</code>")
LONGEST_RUN = 12

# Words that no merge leads to: a Llama 3 tokenizer still gives them as one token, whole.
LLAMA_WHOLE_WORDS = ("Ġbarangay", "Ġmakanan", "Question")


def corpus() -> Iterator[str]:
    """What the tokenizers are trained on: the instruction, sentences, numbers and punctuation."""
    for _ in range(20):
        yield "You are a classifier for analyzing interactions between humans and LLMs. Given a"
        yield " request from a human user and a response from an LLM assistant, determine whether"
        yield " the human user's request is safe or unsafe.\nHuman user:"
        yield " the AI assistant's response is safe or unsafe.\nHuman user:\nAI assistant:"
        yield "user\n"
        yield "assistant\n"
        yield "model\n"
    for _ in range(400):
        yield "safe"
        yield "unsafe"
    for number, text in enumerate(sentences()):
        yield text
        yield f":{text}"
        yield f"{number * 37} {number}. \n\n({text})...\n"


def train_bytes(split: str, *, normalise: bool, ignore_merges: bool) -> dict[str, Any]:
    """Give a byte-level BPE tokenizer with `split` as its pre-tokenizer."""
    tokenizer = Tokenizer(BPE(ignore_merges=ignore_merges))
    if normalise:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(split), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=256 + LEARNED,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    return json.loads(tokenizer.to_str())


def train_pieces() -> dict[str, Any]:
    """Give a tokenizer as Hugging Face makes one of Gemma's SentencePiece model."""
    trained = Tokenizer(BPE())
    trained.normalizer = normalizers.Replace(" ", "▁")
    trained.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split("▁", behavior="merged_with_next"),
            pre_tokenizers.Split(Regex(r"\p{N}|\n"), behavior="isolated"),
        ]
    )
    trainer = BpeTrainer(vocab_size=LEARNED, limit_alphabet=260, show_progress=False)
    trained.train_from_iterator(corpus(), trainer)
    model = json.loads(trained.to_str())["model"]
    learned = [one + other for one, other in model["merges"]]
    letters = [piece for piece in model["vocab"] if piece not in learned and piece != "\n"]
    newlines = ["\n" * length for length in range(1, LONGEST_RUN + 1)]
    blanks = ["▁" * length for length in range(2, LONGEST_RUN + 1)]
    added = [*GEMMA_CONTROL, *GEMMA_ADDED, *GEMMA_TURNS, *newlines, *blanks, *GEMMA_TAGS]
    pieces = [*added, *(f"<0x{byte:02X}>" for byte in range(256)), *learned, *letters]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(
        BPE(
            vocab=vocabulary,
            merges=_every_merge(vocabulary, [*reversed(newlines), *reversed(blanks), *learned]),
            unk_token="<unk>",
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", behavior="merged_with_previous")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    table = json.loads(tokenizer.to_str())
    special = (*GEMMA_CONTROL, *GEMMA_TURNS)
    table["added_tokens"] = [_added(vocabulary[one], one, one in special) for one in added]
    return table


def _every_merge(vocabulary: dict[str, int], pieces: list[str]) -> list[tuple[str, str]]:
    """Give every way to make each piece of two, as Hugging Face's conversion does."""
    return [
        (piece[:at], piece[at:])
        for piece in pieces
        for at in reversed(range(1, len(piece)))
        if piece[:at] in vocabulary and piece[at:] in vocabulary
    ]


def with_added(table: dict[str, Any], special: tuple[str, ...], others: tuple[str, ...]) -> None:
    """List the added tokens after the vocabulary, as Qwen and Llama 3 do."""
    first = len(table["model"]["vocab"])
    table["added_tokens"] = [
        _added(first + at, text, text in special) for at, text in enumerate((*special, *others))
    ]


def _added(number: int, text: str, special: bool) -> dict[str, Any]:
    return {
        "id": number,
        "content": text,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": special,
    }


def write(name: str, table: dict[str, Any]) -> None:
    """Write one tokenizer as the JSON that Hugging Face's library reads."""
    text = json.dumps(table, ensure_ascii=False, separators=(",", ":"))
    tokenizer = Tokenizer.from_str(text)
    for word in ("safe", "unsafe"):
        if len(tokenizer.encode(word, add_special_tokens=False).ids) != 1:
            raise ValueError(f"{name}: {word!r} is not one token")
    (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print(name, tokenizer.get_vocab_size(), "tokens", len(text.encode()), "bytes")


def main() -> None:
    """Train and write all three."""
    qwen = train_bytes(QWEN_SPLIT, normalise=True, ignore_merges=False)
    with_added(qwen, QWEN_CONTROL, (*QWEN_ADDED, *QWEN_USER_DEFINED))
    write("qwen", qwen)
    llama = train_bytes(LLAMA_SPLIT, normalise=False, ignore_merges=True)
    for word in LLAMA_WHOLE_WORDS:
        llama["model"]["vocab"].setdefault(word, len(llama["model"]["vocab"]))
    with_added(llama, LLAMA_CONTROL, LLAMA_USER_DEFINED)
    write("llama", llama)
    write("gemma", train_pieces())


if __name__ == "__main__":
    main()
