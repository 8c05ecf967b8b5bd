"""A text that is too long for one prompt, in windows: pure, from a tokenizer's counts alone.

Tokens are counted of whole prompts, each time anew: they depend on what stands beside them, so a
sum over pieces would be a guess. A search that guesses well needs about three counts a window, and
no count takes more text than about one window holds: time is in proportion to the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from seaguard_cli.errors import Failure, FailureCode, ItemFailed
from seaguard_cli.prompt.letters import may_cut

Count = Callable[[str], int]
"""From a piece of the text to the tokens of the whole prompt that holds it."""

# Longer than any token of the four vocabularies: a text of more characters for each token that
# there may be is known to be too long before it is tokenised.
LONGEST_TOKEN = 128
# Characters a token: for the first guess, and the most that a guess goes by.
_PACE, _LARGEST_PACE = 4.0, 16.0
# A window this full is full enough; to look for a better one would cost more than it gives.
_FULL = 15 / 16
# A cut moves back by up to this share of its window to a blank, or so many characters to a letter.
_REACH = 1 / 16
_LONGEST_LETTER = 64
_GUESSES = 6


class Span(NamedTuple):
    """The code points [start, end) of a text."""

    start: int
    end: int


def spans(text: str, count: Count, *, limit: int, overlap: int) -> Iterator[Span]:
    """Give the windows of `text`, in order: none has a prompt of more than `limit` tokens.

    Together they hold every character; neighbours share about `overlap` tokens, at most half of
    what a window has room for. Cuts prefer blanks, and part no letter of up to 64 code points. A
    text that fits is one window. Raises ItemFailed, too long, where the
    instruction leaves no room for a single character.
    """
    if len(text) <= LONGEST_TOKEN * limit and count(text) <= limit:
        yield Span(0, len(text))
        return
    fixed = count("")
    room = limit - fixed
    if room < 1:
        raise _too_long(fixed, limit)
    search = _Search(text, lambda piece: count(piece) - fixed)
    shared = min(overlap, room // 2)
    start = end = 0
    while end < len(text):
        before = end
        end = search.end_of(start, least=end, most=room)
        if end == before:
            # Not even a letter goes in beside the overlap.
            start, end = end, search.end_of(end, least=end, most=room)
        if end == start:
            raise _too_long(count(text[start : start + 1]), limit)
        yield Span(start, end)
        start = search.start_of(start, end, most=shared)


def _too_long(tokens: int, limit: int) -> ItemFailed:
    return ItemFailed(Failure(FailureCode.TOO_LONG, {"tokens": tokens, "limit": limit}))


class _Search:
    """Looks for the ends of pieces that have about so many tokens."""

    def __init__(self, text: str, tokens_of: Count) -> None:
        self._text = text
        self._tokens_of = tokens_of
        self._pace = _PACE

    def end_of(self, start: int, *, least: int, most: int) -> int:
        """Give where the piece from `start` ends that has nearly `most` tokens.

        One that ends at `least` is known to fit.
        """
        return self._sought(start, least - start, len(self._text) - start, most, 1)

    def start_of(self, start: int, end: int, *, most: int) -> int:
        """Give where the piece begins, behind `start`, that ends at `end` with nearly `most`."""
        return self._sought(end, 0, end - start - 1, most, -1)

    def _sought(self, anchor: int, low: int, high: int, most: int, step: int) -> int:
        """Give the far end of the longest piece that is found from `anchor` on in direction `step`.

        Between `low` characters, which fit, and `high` the search goes by what it has measured,
        and by halves when that leads nowhere.
        """
        fitting, beyond, over = self._measured(anchor, low, step) if low else 0, high + 1, 0
        size = int(most * self._pace)
        guesses = 0
        while beyond - low > 1 and fitting < most * _FULL:
            size = min(max(size, low + 1), beyond - 1)
            size = self._at_letters(anchor, low, size, beyond, step)
            if size == low:
                break
            tokens = self._measured(anchor, size, step)
            if tokens <= most:
                low, fitting = size, tokens
            else:
                beyond, over = size, tokens
            guesses += 1
            size = self._guess(low, fitting, beyond, over, most, halve=guesses > _GUESSES)
        if fitting:
            self._pace = min(low / fitting, _LARGEST_PACE)
        return anchor + step * low

    def _measured(self, anchor: int, size: int, step: int) -> int:
        begin = min(anchor, anchor + step * size)
        return self._tokens_of(self._text[begin : begin + size])

    @staticmethod
    def _guess(low: int, fitting: int, beyond: int, over: int, most: int, *, halve: bool) -> int:
        """Give a size between one that fits and one that is too large, if one was met."""
        wanted = most * (1 + _FULL) / 2 - fitting
        if not over:
            # No more than four times as much at once: a text may change its ways.
            return low + int(min(wanted * low / max(fitting, 1), 3 * low)) + 1
        if halve:
            return (low + beyond) // 2
        return low + int(wanted * (beyond - low) / (over - fitting))

    def _at_letters(self, anchor: int, low: int, size: int, beyond: int, step: int) -> int:
        """Give the size nearest below `size`, and above `low`, that ends at a blank or a letter.

        Gives `low` where there is none. The first letter may take more than `size`; a window parts
        it where it cannot be had whole, and an overlap goes without it.
        """
        if anchor + step * size in (0, len(self._text)):
            return size
        letter = low
        for smaller in range(size, max(low, size - max(int(size * _REACH), _LONGEST_LETTER)), -1):
            at = anchor + step * smaller
            if may_cut(self._text, at):
                if self._text[at - 1].isspace():
                    return smaller
                if letter == low:
                    letter = smaller
        if letter > low or 0 < low > size - _LONGEST_LETTER:
            return letter
        larger = range(size + 1, min(beyond, size + _LONGEST_LETTER))
        for one in larger:
            if may_cut(self._text, anchor + step * one):
                return one
        return size if step > 0 or size > _LONGEST_LETTER else low
