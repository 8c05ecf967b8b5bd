"""How much of a text fits into a terminal's line."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_ELLIPSIS = "…"
_WIDE = ("W", "F")
_EMOJI_STYLE = "\ufe0f"
_JOINERS = "\u200c\u200d"
_MOST_MARKS = 16


def width_of(text: str) -> int:
    """Give the cells that `text` takes at most; terminals differ on spacing marks and emoji."""
    return sum(map(_width, text))


def cut(text: str, width: int) -> str:
    """Give as much of `text` as fits, no letter parted from its marks, an ellipsis for the rest."""
    # A hostile text may be megabytes of marks that take no cells.
    looked_at = text[: max(width, 1) * _MOST_MARKS]
    if len(looked_at) == len(text) and width_of(text) <= width:
        return text
    kept, room = 0, width - 1
    for cluster in _clusters(looked_at):
        room -= width_of(cluster)
        if room < 0:
            break
        kept += len(cluster)
    return text[:kept] + _ELLIPSIS


def _width(character: str) -> int:
    if " " <= character <= "~":
        return 1
    if unicodedata.east_asian_width(character) in _WIDE:
        return 2
    if character == _EMOJI_STYLE:
        return 1
    # Only these: other format characters, such as the soft hyphen, are seen on some terminals.
    if "\u200b" <= character <= "\u200d" or "\u2060" <= character <= "\u2064":
        return 0
    return 0 if unicodedata.category(character) in ("Mn", "Me") else 1


def _clusters(text: str) -> Iterator[str]:
    """Give letters with the marks that belong to them."""
    begin = 0
    for at in range(1, len(text)):
        joined = text[at] in _JOINERS or text[at - 1] == "\u200d"
        if not joined and not unicodedata.category(text[at]).startswith("M"):
            yield text[begin:at]
            begin = at
    if text:
        yield text[begin:]
