"""Text as a terminal may be shown it: nothing in it moves the cursor, hides or turns round."""

from __future__ import annotations

import re

# Control characters, what reorders (bidirectional controls), ends lines or hides text (tags,
# interlinear annotations), and lone surrogates, which cannot be written. The zero-width joiner,
# non-joiner and space stay: the scripts that are judged here need them.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def literal(text: str) -> str:
    """Give `text` with everything that a terminal would act on as an escape like `\\x1b`."""
    return _HIDDEN.sub(_escape, text) if _HIDDEN.search(text) else text


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    code = ord(character)
    if code < 0x100:
        return _SHORT.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
