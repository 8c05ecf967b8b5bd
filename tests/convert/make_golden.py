"""Make the tiny checkpoints, and what transformers says of them, with the version installed.

    PYTHONPATH=tests python -m convert.make_golden [CHECKPOINT]...

Writes the checkpoints whose recipe names the installed major version of transformers (4.57.6 and
5.23.0 were used, with torch 2.13, safetensors, sentencepiece and protobuf), and for each the
ids and scores of all prompts, in float32. Run it once with each. None of this is needed to test.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, processors
from transformers import AutoConfig, AutoTokenizer

from convert.prompts import PROMPTS
from convert.recipes import GOLDEN, RECIPES, TOKENIZER_SETTINGS, Recipe, whole_prompt

_FAMILIES = Path(__file__).parents[1] / "families"
_MAJOR = int(transformers.__version__.partition(".")[0])
_VISION = {
    "qwen": {
        "depth": 2,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_heads": 2,
        "num_position_embeddings": 4,
        "deepstack_visual_indexes": [1],
    },
    "gemma": {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 28,
        "patch_size": 14,
    },
}
# Not looked at by any converter when tokenizer.json is there.
_UNUSED = (
    "generation_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
)
_STARTS = {"qwen": None, "llama": "<|begin_of_text|>", "gemma": "<bos>"}


def main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for recipe in RECIPES.values():
        named = recipe.name in sys.argv[1:] or not sys.argv[1:]
        if recipe.transformers == _MAJOR and named:
            make(recipe)


def make(recipe: Recipe) -> None:
    """Write one checkpoint and what transformers says of it."""
    shutil.rmtree(recipe.folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as raw:
        write_tokenizer(recipe, Path(raw))
        tokenizer = AutoTokenizer.from_pretrained(raw)
        tokenizer.save_pretrained(recipe.folder)
        if recipe.pieces:
            # transformers 5 does not copy it; the official repos have both.
            shutil.copy(Path(raw, "tokenizer.model"), recipe.folder)
    ids = [encode(tokenizer, recipe, prompt) for prompt in PROMPTS]
    for seed in range(recipe.seed, recipe.seed + 1000):
        model = random_model(recipe, tokenizer, len(tokenizer) + recipe.padding, seed)
        if spread([score(model, tokenizer, one) for one in ids[::6]]):
            scores = [score(model, tokenizer, one) for one in ids]
            if spread(scores):
                break
    model.to(getattr(torch, recipe.dtype))
    model.save_pretrained(recipe.folder, max_shard_size="150KB" if recipe.sharded else "5GB")
    for name in _UNUSED:
        (recipe.folder / name).unlink(missing_ok=True)
    write_golden(recipe, seed, ids, scores)
    print(recipe.name, "seed", seed, [round(one, 3) for one in sorted(scores)[::6]])


def write_tokenizer(recipe: Recipe, folder: Path) -> None:
    """Lay out a tokenizer as a real repo has it, from the small one of this family."""
    source = _FAMILIES / f"{recipe.family}.json"
    tokenizer = Tokenizer.from_file(str(source))
    start = _STARTS[recipe.family]
    spelled = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    if start is None:
        tokenizer.post_processor = spelled
    else:
        template = processors.TemplateProcessing(
            single=f"{start} $A",
            pair=f"{start} $A {start}:1 $B:1",
            special_tokens=[(start, tokenizer.token_to_id(start))],
        )
        llama = recipe.family == "llama"
        tokenizer.post_processor = processors.Sequence([spelled, template]) if llama else template
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    settings = dict(TOKENIZER_SETTINGS[recipe.family])
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    if recipe.family == "qwen":
        model = json.loads(source.read_text(encoding="utf-8"))["model"]
        (folder / "vocab.json").write_text(json.dumps(model["vocab"]), encoding="utf-8")
        merges = "\n".join(" ".join(merge) for merge in model["merges"])
        (folder / "merges.txt").write_text(f"#version: 0.2\n{merges}\n", encoding="utf-8")
    if recipe.pieces:
        (folder / "tokenizer.model").write_bytes(pieces(source))


def pieces(source: Path) -> bytes:
    """Give a tokenizer of Gemma's kind as SentencePiece's file."""
    from sentencepiece import sentencepiece_model_pb2 as protocol

    table = json.loads(source.read_text(encoding="utf-8"))
    added = {one["content"]: one for one in table["added_tokens"]}
    model = protocol.ModelProto()
    kinds = protocol.ModelProto.SentencePiece
    for text, number in sorted(table["model"]["vocab"].items(), key=lambda item: item[1]):
        piece = model.pieces.add(piece=text, score=-float(number), type=kinds.NORMAL)
        if text == "<unk>":
            piece.type, piece.score = kinds.UNKNOWN, 0
        elif text in ("<pad>", "<bos>", "<eos>"):
            piece.type, piece.score = kinds.CONTROL, 0
        elif text in added:
            piece.type, piece.score = kinds.USER_DEFINED, 0
        elif len(text) == 6 and text.startswith("<0x"):
            piece.type, piece.score = kinds.BYTE, 0
    model.trainer_spec.model_type = protocol.TrainerSpec.BPE
    model.trainer_spec.byte_fallback = True
    model.trainer_spec.vocab_size = len(model.pieces)
    model.trainer_spec.pad_id, model.trainer_spec.eos_id = 0, 1
    model.trainer_spec.bos_id, model.trainer_spec.unk_id = 2, 3
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = False
    model.normalizer_spec.remove_extra_whitespaces = False
    return bytes(model.SerializeToString())


def random_model(recipe: Recipe, tokenizer: Any, rows: int, seed: int) -> Any:
    """Give a model in float32 whose values are those that its file will hold."""
    torch.manual_seed(seed)
    text = {**recipe.sizes, "vocab_size": rows}
    if "ConditionalGeneration" in recipe.model:
        kind = {"qwen": "qwen3_vl", "gemma": "gemma3"}[recipe.family]
        vision = dict(_VISION[recipe.family])
        if recipe.family == "qwen":
            vision["out_hidden_size"] = text["hidden_size"]
        config = AutoConfig.for_model(
            kind, text_config=text, vision_config=vision, tie_word_embeddings=recipe.tied
        )
        config.get_text_config().tie_word_embeddings = recipe.tied
    else:
        kind = {"llama": "llama", "gemma": "gemma3_text"}[recipe.family]
        config = AutoConfig.for_model(kind, **text, tie_word_embeddings=recipe.tied)
    config.get_text_config().eos_token_id = config.eos_token_id = tokenizer.eos_token_id
    config.get_text_config().bos_token_id = config.bos_token_id = tokenizer.bos_token_id
    config.get_text_config().pad_token_id = config.pad_token_id = tokenizer.pad_token_id
    config._attn_implementation = "eager"
    model = getattr(transformers, recipe.model)(config).eval()
    sharpen(recipe, model, tokenizer, seed)
    for values in model.parameters():
        # Not `model.to`: it would round the frequencies of the positions too.
        values.data = values.data.to(getattr(torch, recipe.dtype)).to(torch.float32)
    return model


def sharpen(recipe: Recipe, model: Any, tokenizer: Any, seed: int) -> None:
    """Draw weights for which the two verdicts' logits differ from text to text."""
    made = torch.Generator().manual_seed(seed)
    for name, values in model.named_parameters():
        drawn = torch.randn(values.shape, generator=made)
        if values.dim() == 1:
            # Gemma's norms multiply by one more than their weight. llama.cpp's GELU rounds to 16
            # bits: what that does to scores would hide a wrong conversion, so the layers' second
            # halves get a smaller part.
            middle = 0.0 if recipe.family == "gemma" else 1.0
            middle = -0.7 if "post_feedforward" in name else middle
            values.data = middle + 0.2 * drawn
            continue
        scale = 4.0 if "embed_tokens" in name else 2.0 if "self_attn" in name else 1.0
        if "embed_tokens" in name and recipe.family == "gemma":
            # It is multiplied by the width's root.
            scale = 1.0
        values.data = drawn * scale / math.sqrt(values.shape[-1])
    if recipe.tied:
        model.tie_weights()
    head = model.get_output_embeddings().weight.data
    for word in ("safe", "unsafe"):
        (number,) = tokenizer.encode(word, add_special_tokens=False)
        head[number] *= 3.0 / head[number].norm()


def encode(tokenizer: Any, recipe: Recipe, prompt: str) -> list[int]:
    """Give the ids of a whole prompt, of which every control token is the wrapper's."""
    text = whole_prompt(recipe.family, prompt)
    return list(tokenizer.encode(text, add_special_tokens=False))


def score(model: Any, tokenizer: Any, ids: list[int]) -> float:
    """Give P(unsafe): the softmax over the two verdicts' logits at the last position."""
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([ids])).logits[0, -1].double()
    safe, unsafe = (
        logits[tokenizer.encode(word, add_special_tokens=False)[0]] for word in ("safe", "unsafe")
    )
    return float(torch.sigmoid(unsafe - safe))


def spread(scores: list[float]) -> bool:
    """Tell whether the scores reach from safe to unsafe, with some between."""
    count = len(scores)
    high, low = sum(one > 0.7 for one in scores), sum(one < 0.3 for one in scores)
    return high > count / 5 and low > count / 5 and high + low < count * 0.9


def write_golden(recipe: Recipe, seed: int, ids: list[list[int]], scores: list[float]) -> None:
    """Write what transformers says; the ids are one family's, whichever checkpoint it is."""
    said = {"transformers": transformers.__version__, "seed": seed, "scores": scores}
    text = json.dumps(said, indent=1)
    (GOLDEN / f"{recipe.name}.scores.json").write_text(text + "\n", encoding="utf-8")
    path = GOLDEN / f"{recipe.family}.ids.json"
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) != ids:
        raise ValueError(f"{recipe.name}: the ids differ from those of another checkpoint")
    rows = ",\n".join(json.dumps(one, separators=(",", ":")) for one in ids)
    path.write_text(f"[\n{rows}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
