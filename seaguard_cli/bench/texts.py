"""Plain texts to measure with: harmless, all different, and the same in every run."""

from __future__ import annotations

import random
from collections.abc import Iterator

_WHO = "my sister, the baker, our neighbour, a student, the captain, everyone, nobody, the old man"
_DID = "bought, forgot, painted, carried, found, described, cleaned, lost, borrowed, counted"
_WHAT = "a bicycle, two lemons, the map, some bread, an umbrella, the letter, a radio, three chairs"
_WHERE = "at the market, in Manila, by the river, on Monday, near Penang, before lunch, in the rain"
# Words of one text; a window of 2048 tokens holds the longest in the scripts of most languages.
LENGTHS = {"short": 12, "medium": 80, "long": 800}


def texts(words: int, *, seed: int = 0) -> Iterator[str]:
    """Give texts of about so many words, without end."""
    chance = random.Random(seed)
    parts = [part.split(", ") for part in (_WHO, _DID, _WHAT, _WHERE)]
    number = 0
    while True:
        number += 1
        sentences = [f"Note {number}:"]
        while sum(sentence.count(" ") + 1 for sentence in sentences) < words:
            sentences.append(" ".join(chance.choice(part) for part in parts) + ".")
        yield " ".join(sentences)
