"""Which part of what was judged a verdict was decided on, for a person to see."""

from __future__ import annotations

from dataclasses import replace

from seaguard_cli.verdict import Conversation, Item, Verdict, Window, worst


def decided_on(judged: Item | Conversation, verdict: Verdict) -> tuple[str, Item]:
    """Give the texts that decided, and a note of where they stand if they are not all there was."""
    notes = []
    if isinstance(judged, Conversation):
        at = worst([one.verdict for one in verdict.turns])
        notes.append(f"turn {judged.turns[at].index}")
        judged = judged.turns[at].item
    if window := verdict.window:
        first = "the first " if verdict.truncated else ""
        notes.append(f"{window.start}:{window.end}, worst of {first}{verdict.windows} windows")
        judged = _only(judged, window)
    if kept := verdict.kept:
        notes.append(f"{kept.field} cut to {kept.start}:{kept.end}")
        judged = _only(judged, kept)
    return f"[{', '.join(notes)}] " if notes else "", judged


def _only(item: Item, window: Window) -> Item:
    """Give the item with no more of the window's field than the window."""
    start, end = window.start, window.end
    if item.response is not None and window.field == item.fields[1]:
        return replace(item, response=item.response[start:end])
    return replace(item, prompt=item.prompt[start:end])
