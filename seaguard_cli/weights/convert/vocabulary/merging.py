"""Tokenizers that merge by rank, from `tokenizer.json`: Qwen, Llama 3, and Gemma without its model.

llama.cpp's converter tells the pre-tokenizer by a hash of the ids of one long text, which needs
the tokenizer to run. Here it is told by what the file says that it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from seaguard_cli.errors import NotConvertible
from seaguard_cli.weights.convert.read import Settings
from seaguard_cli.weights.convert.vocabulary.added import every_added
from seaguard_cli.weights.convert.vocabulary.listing import BLANK, Listing, Type

_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# By the expression that splits a text, and whether whole words skip the merges: the names of the
# pre-tokenizers that do the same, see llama.cpp's src/llama-vocab.cpp.
_SPLITS: Mapping[tuple[str, bool], str] = {
    (_WORDS, False): "qwen2",
    (_WORDS.replace(r"|\p{N}|", r"|\p{N}{1,3}|"), True): "llama-bpe",
    (_WORDS.replace(r"|\p{N}|", r"|\p{N}{1,3}|"), False): "smaug-bpe",
}
# Gemma's, which merges over whole lines: the converter knows its vocabulary by this model's name.
_LINES = "granite-embed-multi-311m"


def read_merging(table: Settings, settings: Settings, size: int) -> Listing:
    """List a tokenizer that merges by rank; `settings` are those of `tokenizer_config.json`.

    Raises NotConvertible for one that llama.cpp has no pre-tokenizer for, CheckpointBroken for a
    vocabulary that makes no sense or does not fit in `size`.
    """
    model = table.part("model")
    if model.values.get("type") != "BPE":
        raise _unlike(table, f"its tokenizer is a {model.values.get('type')}")
    listing = Listing(size, model="gpt2", split=_split(table, model))
    vocabulary = model.part("vocab").values
    for text, number in vocabulary.items():
        listing.put(_within(table, text, number, size), text, Type.NORMAL)
    for added in every_added(table, settings, vocabulary):
        _within(table, added.text, added.number, size)
        listing.add(added)
    listing.merges = list(_merges(table, model))
    return listing


def _split(table: Settings, model: Settings) -> str:
    """Give llama.cpp's name of the pre-tokenizer."""
    if model.values.get("byte_fallback"):
        normalizer = table.part("normalizer")
        blank = normalizer.values.get("content") == BLANK
        if blank and normalizer.part("pattern").values.get("String") == " ":
            return _LINES
        raise _unlike(table, "its tokenizer treats blanks in an unusual way")
    skips = model.flag("ignore_merges", False)
    steps = list(_steps(table.part("pre_tokenizer")))
    patterns = [one.part("pattern").values.get("Regex") for one in steps if _is(one, "Split")]
    spells_bytes = any(_is(one, "ByteLevel") and not one.flag("use_regex", True) for one in steps)
    if len(patterns) == 1 and spells_bytes:
        split = _SPLITS.get((str(patterns[0]), skips))
        if split:
            return split
    raise _unlike(table, "its tokenizer splits texts in an unknown way")


def _steps(part: Settings) -> Iterator[Settings]:
    steps = part.values.get("pretokenizers", [part.values])
    yield from (Settings(part.path, one) for one in steps if isinstance(one, dict))


def _is(step: Settings, kind: str) -> bool:
    return step.values.get("type") == kind


def _merges(table: Settings, model: Settings) -> Iterator[str]:
    merges = model.values.get("merges")
    if not isinstance(merges, list) or not merges:
        raise table.broken("its tokenizer has no merges")
    for merge in merges:
        yield merge if isinstance(merge, str) else _joined(table, merge)


def _joined(table: Settings, merge: object) -> str:
    """Write a merge's two parts with a space between them, a space inside as a byte-level letter.

    As `SpecialVocab` of the `gguf` package does.
    """
    if not isinstance(merge, list) or [type(part) for part in merge] != [str, str]:
        raise table.broken("a merge of its tokenizer is not a pair of texts")
    return " ".join(part.replace(" ", "\u0120") for part in merge)


def _within(table: Settings, text: str, number: object, size: int) -> int:
    if type(number) is not int or not 0 <= number < size:
        raise table.broken(f"the token {text!r} has the number {number}, of {size:,}")
    return number


def _unlike(table: Settings, problem: str) -> NotConvertible:
    return NotConvertible(path=str(table.path), problem=problem)
