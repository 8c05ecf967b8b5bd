"""An item as the prompts that it is judged by: one where it fits, else one a window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from seaguard_cli.prompt.render import Prompt
from seaguard_cli.prompt.windows import LONGEST_TOKEN, Count, Span, spans
from seaguard_cli.verdict import Item, Window

Part = Literal["prompt", "response"]

# How much of a text is counted at once where only the sum matters.
_CHUNK = 8192
# A tokenizer may put a blank before each of a prompt's segments.
_BLANKS = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """How long texts are split. In tokens: `window`, the longest prompt, and `overlap`.

    `most` windows of an item are judged, all of them if it is None.
    """

    window: int
    overlap: int
    most: int | None = None


class Piece(NamedTuple):
    """One prompt of an item, and which part of its text it holds; None: the whole.

    The field of a window is the item's own attribute, `prompt` or `response`. `kept` is what is
    left of the other text of a pair if that had to be cut. `last` says that no other piece of the
    item follows, `truncated` that others would, but for the cap on windows.
    """

    prompt: Prompt
    window: Window | None = None
    kept: Window | None = None
    last: bool = True
    truncated: bool = False


class Splitter:
    """Gives items' pieces, by how a model renders an item and how many tokens a prompt has."""

    def __init__(
        self, render: Callable[[Item], Prompt], count: Callable[[Prompt], int], limits: Limits
    ) -> None:
        self._render = render
        self._tokens = count
        self._limits = limits

    def short(self, item: Item) -> Prompt | None:
        """Give the one prompt of an item that is too short to need counting, as most are."""
        limit = self._limits.window
        if _length(item) > limit:
            return None
        prompt = self._render(item)
        # A token stands for at least one byte, and a character for at most four.
        before, turn, after = prompt.segments
        left = limit - 4 * (len(before.text) + len(after.text)) - _BLANKS
        short = (
            4 * len(turn.text) <= left or len(turn.text.encode("utf-8", "surrogatepass")) <= left
        )
        return prompt if short else None

    def pieces(self, item: Item) -> Iterator[Piece]:
        """Give the pieces of an item that is not short, in order, each as it is asked for.

        In a pair the longer text is split, and the other stands beside each of its windows, cut to
        half of what a window has room for if it has to be. Raises ItemFailed.
        """
        whole = self._fitting_pair(item)
        if whole is not None:
            yield Piece(whole)
            return
        part, item, kept = self._beside_the_longer(item)
        text, limits = _text(item, part), self._limits
        count = self._counting(item, part)
        windows = spans(text, count, limit=limits.window, overlap=limits.overlap)
        for number, (start, end) in enumerate(windows, 1):
            prompt = self._render(_with(item, part, text[start:end]))
            ended, capped = end == len(text), number == limits.most
            window = None if ended and start == 0 else Window(part, start, end)
            yield Piece(prompt, window, kept, last=ended or capped, truncated=capped and not ended)
            if capped:
                return

    def _fitting_pair(self, item: Item) -> Prompt | None:
        limit = self._limits.window
        if item.response is None or _length(item) > LONGEST_TOKEN * limit:
            return None
        prompt = self._render(item)
        return prompt if self._tokens(prompt) <= limit else None

    def _beside_the_longer(self, item: Item) -> tuple[Part, Item, Window | None]:
        """Give which text of an item is split, the item with the other cut, and what that kept."""
        if item.response is None:
            return "prompt", item, None
        fixed = self._tokens(self._render(Item("", "")))
        half = fixed + (self._limits.window - fixed) // 2
        asked = self._beginning(item, "prompt", half)
        answered = self._beginning(item, "response", half)
        if asked.end == len(item.prompt):
            return "response", item, None
        if answered.end == len(item.response):
            return "prompt", item, None
        if self._is_longer(item.prompt, item.response):
            kept = Window("response", *answered)
            return "prompt", _with(item, "response", item.response[: kept.end]), kept
        kept = Window("prompt", *asked)
        return "response", _with(item, "prompt", item.prompt[: kept.end]), kept

    def _beginning(self, item: Item, part: Part, limit: int) -> Span:
        """Give how much of one text of a pair goes into a prompt that has no other."""
        count = self._counting(Item("", ""), part)
        return next(spans(_text(item, part), count, limit=limit, overlap=0))

    def _is_longer(self, prompt: str, response: str) -> bool:
        """Tell whether the prompt has more tokens than the response, counting as few as it takes.

        Sums over chunks are near enough: they are wrong by a few tokens a chunk.
        """
        count = self._counting(Item("", ""), "prompt")
        fixed, asked, answered = count(""), 0, 0
        prompts, responses = _chunks(prompt), _chunks(response)
        while True:
            behind = asked <= answered
            chunk = next(prompts if behind else responses, None)
            if chunk is None:
                return not behind
            tokens = count(chunk) - fixed
            asked, answered = asked + tokens * behind, answered + tokens * (not behind)

    def _counting(self, item: Item, part: Part) -> Count:
        """Give how many tokens the prompt of `item` has with another text as its `part`."""
        return lambda text: self._tokens(self._render(_with(item, part, text)))


def _length(item: Item) -> int:
    return len(item.prompt) + len(item.response or "")


def _text(item: Item, part: Part) -> str:
    return (item.prompt if part == "prompt" else item.response) or ""


def _with(item: Item, part: Part, text: str) -> Item:
    return replace(item, prompt=text) if part == "prompt" else replace(item, response=text)


def _chunks(text: str) -> Iterator[str]:
    return (text[at : at + _CHUNK] for at in range(0, len(text), _CHUNK))
