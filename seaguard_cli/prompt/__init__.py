"""From an item to the prompts that a guard was trained on."""

from seaguard_cli.prompt.pieces import Limits, Piece, Splitter
from seaguard_cli.prompt.render import Family, Instruction, Prompt, Segment, VerdictWords, render
from seaguard_cli.prompt.windows import LONGEST_TOKEN

__all__ = [
    "LONGEST_TOKEN",
    "Family",
    "Instruction",
    "Limits",
    "Piece",
    "Prompt",
    "Segment",
    "Splitter",
    "VerdictWords",
    "render",
]
