"""A checkpoint's tokenizer as llama.cpp's converter lists it in a GGUF."""

from seaguard_cli.weights.convert.vocabulary.listing import Listing
from seaguard_cli.weights.convert.vocabulary.read import add_vocabulary, read_vocabulary

__all__ = ["Listing", "add_vocabulary", "read_vocabulary"]
