"""Where a text may be cut without parting what a reader takes for one letter.

Unicode's own clusters (UAX 29) as far as the standard library knows characters, and the conjuncts
of Indic scripts and of Burmese beside them.
"""

from __future__ import annotations

import unicodedata

_JOINER = "\u200d"
_VIRAMA = 9
# Flags are pairs, told by counting from their beginning; further back than this nobody counts.
_MOST_FLAGS = 64
# UAX 29's Prepend: signs that stand over what comes after them.
_LEADING = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\U000110bd\U000110cd"
    "\U000111c2\U000111c3\U0001193f\U00011941\U00011a84\U00011a85\U00011a86\U00011a87\U00011a88"
    "\U00011a89\U00011d46"
)
# Letters to Unicode's categories, and yet never apart from what stands before them.
_FOLLOWING = frozenset("\u0e33\u0eb3\u200c\u200d\uff9e\uff9f")


def may_cut(text: str, at: int) -> bool:
    """Tell whether the text before `at` and the text from there on are whole letters."""
    if not 0 < at < len(text):
        return True
    before, after = text[at - 1], text[at]
    if before < "\u0300" and after < "\u0300":
        return not (before == "\r" and after == "\n")
    if _follows(after) or before == _JOINER or before in _LEADING:
        return False
    if _is_flag(before) and _is_flag(after):
        return _flags_before(text, at) % 2 == 0
    if _is_hangul(before) and _is_hangul(after):
        return not _is_one_syllable(before, after)
    return unicodedata.combining(before) != _VIRAMA or not after.isalpha()


def _follows(character: str) -> bool:
    """Tell whether a character belongs to what stands before it, whatever that is."""
    if character in _FOLLOWING or unicodedata.category(character).startswith("M"):
        return True
    return "\U0001f3fb" <= character <= "\U0001f3ff" or "\U000e0020" <= character <= "\U000e007f"


def _is_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flags_before(text: str, at: int) -> int:
    count = 0
    while count < min(at, _MOST_FLAGS) and _is_flag(text[at - count - 1]):
        count += 1
    return count


def _is_hangul(character: str) -> bool:
    return "\u1100" <= character <= "\u11ff" or "\ua960" <= character <= "\ud7fb"


def _is_one_syllable(before: str, after: str) -> bool:
    """Tell whether two of Hangul's characters stand in one syllable."""
    if "\uac00" <= after <= "\ud7a3":
        return _is_leading(before)
    return not _is_leading(after) or _is_leading(before)


def _is_leading(character: str) -> bool:
    return "\u1100" <= character <= "\u115f" or "\ua960" <= character <= "\ua97c"
