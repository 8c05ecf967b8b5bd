"""A vocabulary as a GGUF lists it, filled token by token."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

# The rank of SentencePiece's blank, which stands for a space in texts.
BLANK = "\u2581"
_UNLISTED_SCORE = -10000.0
_ADDED_SCORE = -1000.0
# Those in <|...|> and <unused...> too: see `does_token_look_special` of llama.cpp's converter.
_CONTROLS = ("<pad>", "<mask>", "<2mass>", "[@BOS@]")
_BRACKETS = (("<|", "|>"), ("<\uff5c", "\uff5c>"), ("<unused", ">"))


class Type(IntEnum):
    """What a token is, in llama.cpp's numbers."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


@dataclass(frozen=True, slots=True)
class Added:
    """A token listed beside the vocabulary; a special one steers the model."""

    number: int
    text: str
    special: bool


class Listing:
    """`size` tokens, none of them used at first.

    `model` is llama.cpp's name of the algorithm, `split` of the pre-tokenizer. `scores` are
    SentencePiece's, and None for a tokenizer that merges by rank.
    """

    def __init__(self, size: int, *, model: str, split: str) -> None:
        self.model = model
        self.split = split
        self.tokens = [f"[PAD{number}]" for number in range(size)]
        self.types = [int(Type.UNUSED)] * size
        self.scores: list[float] | None = [_UNLISTED_SCORE] * size if model == "llama" else None
        self.merges: list[str] = []

    def __len__(self) -> int:
        return len(self.tokens)

    def put(self, number: int, text: str, kind: Type, score: float = 0.0) -> None:
        """Make `text` the token with this number."""
        self.tokens[number] = text
        self.types[number] = kind
        if self.scores is not None:
            self.scores[number] = score

    def add(self, added: Added) -> None:
        """Put an added token in: a control token, or one that texts may hold as it stands.

        As llama.cpp's converter does: some tokens control though their tokenizer does not say so,
        and a blank in a token that texts may hold is written as the space that it stands for.
        """
        if added.special or _looks_special(added.text):
            self.put(added.number, added.text, Type.CONTROL, _ADDED_SCORE)
        else:
            text = added.text.replace(BLANK, " ")
            self.put(added.number, text, Type.USER_DEFINED, _ADDED_SCORE)

    def twice(self) -> str | None:
        """Give a token that is listed twice, if one is: llama.cpp would abort the process."""
        seen: set[str] = set()
        for token in self.tokens:
            if token in seen:
                return token
            seen.add(token)
        return None


def _looks_special(text: str) -> bool:
    return text in _CONTROLS or any(
        text.startswith(begin) and text.endswith(end) for begin, end in _BRACKETS
    )
