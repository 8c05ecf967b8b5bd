"""The tokenizer of a checkpoint: which kind it is, and its way into the GGUF."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from seaguard_cli.errors import CheckpointBroken
from seaguard_cli.weights.convert.configuration import Configuration
from seaguard_cli.weights.convert.read import Settings, read_json
from seaguard_cli.weights.convert.vocabulary.added import of_settings, of_tokenizer
from seaguard_cli.weights.convert.vocabulary.listing import Listing
from seaguard_cli.weights.convert.vocabulary.merging import read_merging
from seaguard_cli.weights.convert.vocabulary.pieces import list_pieces
from seaguard_cli.weights.convert.vocabulary.special import add_special

if TYPE_CHECKING:
    import gguf

_PIECES = "tokenizer.model"
_TABLE = "tokenizer.json"
_SETTINGS = "tokenizer_config.json"


def read_vocabulary(folder: Path, configuration: Configuration) -> Listing:
    """List a checkpoint's tokenizer, padded to the rows of its embedding.

    Gemma's is listed by pieces if its SentencePiece model is there, and else by merges: each as
    llama.cpp's converter does. Raises CheckpointBroken and NotConvertible.
    """
    settings = _optional(folder / _SETTINGS)
    size = configuration.vocabulary
    if configuration.architecture == "gemma3" and (folder / _PIECES).is_file():
        # transformers 5 no longer repeats the added tokens in its configuration.
        added = of_settings(settings) or of_tokenizer(_optional(folder / _TABLE))
        listing = list_pieces(folder / _PIECES, added, size)
    else:
        table = Settings(folder / _TABLE, read_json(folder / _TABLE))
        listing = read_merging(table, settings, size)
    if token := listing.twice():
        problem = f"its tokenizer lists {token!r} twice"
        raise CheckpointBroken(path=str(folder), problem=problem)
    return listing


def add_vocabulary(writer: gguf.GGUFWriter, folder: Path, listing: Listing) -> None:
    """Write a vocabulary, its special tokens and its chat template. Raises CheckpointBroken."""
    prefix = _optional(folder / _SETTINGS).values.get("add_prefix_space")
    writer.add_tokenizer_model(listing.model)
    writer.add_tokenizer_pre(listing.split)
    writer.add_token_list(listing.tokens)
    writer.add_token_types(listing.types)
    if listing.merges:
        writer.add_token_merges(listing.merges)
    if listing.scores is not None:
        writer.add_token_scores(listing.scores)
        writer.add_add_space_prefix(False)
    elif writer.arch == "llama" and isinstance(prefix, bool):
        # llama.cpp's converter looks at it for this architecture alone.
        writer.add_add_space_prefix(prefix)
    add_special(writer, folder, _optional(folder / _TABLE), len(listing))


def _optional(path: Path) -> Settings:
    return Settings(path, read_json(path) if path.is_file() else {})
