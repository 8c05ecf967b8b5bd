"""On which line of a TOML file a key stands: tomllib does not tell."""

from __future__ import annotations

import re

from seaguard_cli.weights.schema import Keys

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([\w\s.\"'-]+?)\s*=")


def line_of(text: str, keys: Keys) -> int | None:
    """Give the line, from 1, of the longest beginning of `keys` that the file writes out.

    Good for a message: what only looks like a key inside a text of several lines is taken for one.
    """
    best: tuple[int, int | None] = (0, None)
    table: Keys = ()
    arrays: dict[Keys, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        here: Keys
        if header := _HEADER.match(line):
            table = _split(header[2])
            if header[1] == "[[":
                arrays[table] = arrays.get(table, -1) + 1
                table = (*table, arrays[table])
            here = table
        elif key := _KEY.match(line):
            here = (*table, *_split(key[1]))
        else:
            continue
        common = min(len(here), len(keys))
        if common > best[0] and here[:common] == keys[:common]:
            best = (common, number)
    return best[1]


def _split(dotted: str) -> Keys:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
