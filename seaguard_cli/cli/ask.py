"""A question to the person at the terminal."""

from __future__ import annotations

from seaguard_cli.cli.environment import Environment
from seaguard_cli.records.literal import literal

_LONGEST_ANSWER = 1000


def can_ask(environment: Environment) -> bool:
    """Tell whether someone is there to ask: standard input and error are both terminals."""
    return environment.stdin_terminal and environment.stderr_terminal


def ask(environment: Environment, question: str) -> str:
    """Ask on standard error and give the line that is answered; nothing at the end of input."""
    environment.stderr.write(f"seaguard: {literal(question)} ")
    environment.stderr.flush()
    return environment.stdin.readline(_LONGEST_ANSWER).decode("utf-8", "replace").strip()


def agreed(environment: Environment, question: str) -> bool:
    """Ask for a yes; anything else is a no."""
    return ask(environment, f"{question} [y/N]").lower() in ("y", "yes")
