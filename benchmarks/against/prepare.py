"""The prompts that every way is given, and how many tokens they have."""

from __future__ import annotations

import json
import sys

from seaguard_cli import Guard, Item
from seaguard_cli.engine.packing import common_prefix
from seaguard_cli.engine.processors import usable_processors

_STEP, _VERDICT = 256, 16


def prepared(model: str, texts: list[str]) -> dict[str, object]:
    with Guard(model) as guard:
        shown = list(guard.show([Item(text) for text in texts]))
        words = guard.unusual_verdicts or ("safe", "unsafe")
    ids = [[token for segment in prompt for token in segment.ids] for prompt in shown]
    head = min(map(len, ids))
    for other in ids[1:]:
        head = min(head, common_prefix(ids[0], other))
    before, _, after = (segment.segment.text for segment in shown[0])
    longest = max(map(len, ids)) + _VERDICT
    return {
        "turns": [prompt[1].segment.text for prompt in shown],
        "before": before,
        "after": after,
        "words": words,
        "ctx": -(-longest // _STEP) * _STEP,
        "new": [len(one) - head for one in ids],
        "head": head,
        "processors": usable_processors(),
    }


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print("\n" + json.dumps(prepared(asked["model"], asked["texts"])))
