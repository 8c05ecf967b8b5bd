"""From an item to the prompt that a guard was trained on."""

from seaguard_cli.prompt.render import Family, Instruction, Prompt, Segment, VerdictWords, render

__all__ = ["Family", "Instruction", "Prompt", "Segment", "VerdictWords", "render"]
