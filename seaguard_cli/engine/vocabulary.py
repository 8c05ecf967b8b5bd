"""A model's vocabulary: text to token ids, with control tokens kept where they belong."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator

from seaguard_cli.engine.library import llama
from seaguard_cli.engine.protocol import TokenSegment
from seaguard_cli.errors import Failure, FailureCode, ItemFailed
from seaguard_cli.prompt import Family, Prompt, Segment

# A text that begins with a letter, a digit, a mark or a blank joins differently with what stands
# before it. What the tokens have in common with each of these is there whatever follows.
_PROBES = ("", "a", "A", "1", " ", "\n", ".", ":", "\u0e01", "\u0b95")


class Vocabulary:
    """Tokenises for one loaded model; `handle` is llama.cpp's pointer to the vocabulary."""

    def __init__(self, handle: object) -> None:
        self._llama = llama()
        self._handle = handle
        self._controls: dict[int, bool] = {}
        self._forbidden: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return int(self._llama.llama_vocab_n_tokens(self._handle))

    def tokenise(self, text: str, *, special: bool) -> list[int]:
        """Give the ids of `text`; control tokens in it count only if `special`.

        Raises UnicodeEncodeError for a lone surrogate.
        """
        data = text.encode("utf-8")
        size = len(data) + 8
        buffer = (ctypes.c_int32 * size)()
        count = self._llama.llama_tokenize(
            self._handle, data, len(data), buffer, size, False, special
        )
        if count < 0:
            buffer = (ctypes.c_int32 * -count)()
            count = self._llama.llama_tokenize(
                self._handle, data, len(data), buffer, -count, False, special
            )
        return list(buffer[:count])

    def single_control(self, text: str) -> int | None:
        """Give the id of the one token that `text` is with control tokens on, or None."""
        ids = self.tokenise(text, special=True)
        return ids[0] if len(ids) == 1 and self.piece(ids[0]) == text.encode("utf-8") else None

    def single_word(self, word: str) -> int | None:
        """Give the id of the one token that the whole of `word` is as text, or None."""
        ids = self.tokenise(word, special=False)
        return ids[0] if len(ids) == 1 and self.piece(ids[0]) == word.encode("utf-8") else None

    def piece(self, token: int) -> bytes:
        """Give the bytes that `token` stands for, a control token's name included."""
        buffer = ctypes.create_string_buffer(256)
        size = self._llama.llama_token_to_piece(self._handle, token, buffer, 256, 0, True)
        if size < 0:
            buffer = ctypes.create_string_buffer(-size)
            size = self._llama.llama_token_to_piece(self._handle, token, buffer, -size, 0, True)
        return buffer.raw[:size]

    def reserve(self, family: Family) -> None:
        """Forbid the family's control tokens in untrusted text, whatever type the file gives."""
        ids = (self.single_control(text) for text in family.control)
        self._forbidden = frozenset(token for token in ids if token is not None)

    def is_control(self, token: int) -> bool:
        """Tell whether `token` steers the model: CONTROL, end of generation, or the wrapper's."""
        known = self._controls.get(token)
        if known is None:
            known = (
                token in self._forbidden
                or bool(self._llama.llama_vocab_is_control(self._handle, token))
                or bool(self._llama.llama_vocab_is_eog(self._handle, token))
            )
            self._controls[token] = known
        return known

    def encode(self, prompt: Prompt) -> list[int]:
        """Give the ids of a whole prompt, those of training."""
        return [token for segment in prompt.segments for token in self.segment(segment)]

    def count(self, prompt: Prompt) -> int:
        """Give how many ids a whole prompt has. Raises ItemFailed for a lone surrogate."""
        try:
            return len(self.encode(prompt))
        except UnicodeEncodeError as error:
            failure = Failure(FailureCode.NOT_TEXT, {"found": "a lone surrogate"})
            raise ItemFailed(failure) from error

    def tokens(self, prompt: Prompt) -> list[TokenSegment]:
        """Give each segment with its ids."""
        return [TokenSegment(one, tuple(self.segment(one))) for one in prompt.segments]

    def segment(self, segment: Segment) -> list[int]:
        """Give the ids of one segment; none of an untrusted one is a control token."""
        if segment.trusted:
            return self.tokenise(segment.text, special=True)
        return list(self._harmless(segment.text))

    def head(self, prompt: Prompt) -> list[int]:
        """Give the ids that every prompt of this one's task begins with, whatever its text."""
        before, turn, _ = prompt.segments
        fixed = turn.text[: prompt.head]
        tails = [self.tokenise(fixed + probe, special=False) for probe in _PROBES]
        return self.segment(before) + _common(tails)

    def _harmless(self, text: str) -> Iterator[int]:
        """Give the ids of `text`, cut inside control tokens' names until none comes out."""
        waiting = [text]
        while waiting:
            piece = waiting.pop()
            ids = self.tokenise(piece, special=False)
            found = (self.piece(token) for token in ids if self.is_control(token))
            # A name of one character, a newline that ends a generation, cannot be cut: it stays.
            name = next(
                (name for one in found if len(name := one.decode("utf-8", "replace")) > 1), ""
            )
            if name and len(piece) > 1:
                waiting += reversed(_cut_inside(piece, name))
            else:
                yield from ids


def _cut_inside(text: str, token: str) -> list[str]:
    """Cut `text` one character into each place where `token` stands, else in its middle."""
    parts = text.split(token)
    if len(parts) == 1:
        middle = len(text) // 2
        return [text[:middle], text[middle:]]
    begins, ends = token[:1], token[1:]
    inner = (ends + part + begins for part in parts[1:-1])
    return [parts[0] + begins, *inner, ends + parts[-1]]


def _common(lists: Iterable[list[int]]) -> list[int]:
    shared: list[int] = []
    for column in zip(*lists, strict=False):
        if len(set(column)) > 1:
            break
        shared.append(column[0])
    return shared
