"""Typer's usage errors in our voice: what is wrong, with which option, and what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from typer.exceptions import TyperException

_ORIGINS = {"ENVIRONMENT": " (from {variable})", "DEFAULT_MAP": " (from config.toml)"}
_RESPELLED = {
    "is not a valid float range": "is not a number",
    "is not a valid float": "is not a number",
    "is not a valid int range": "is not a whole number",
    "is not a valid integer": "is not a whole number",
    "is not a valid boolean": "is neither yes nor no",
    "is not in the range x>=": "is less than ",
}
_RANGE = re.compile(r"is not in the range (\d+)<=x<=(\d+)")


def usage_sentence(error: TyperException, arguments: Sequence[str]) -> str:
    """Give what a person is told about `arguments` that Typer cannot read."""
    # Typer keeps the classes of these errors private; their attributes tell them apart.
    facts: Any = error
    context = getattr(error, "ctx", None)
    see = f"see `{context.command_path if context else _command(arguments)} --help`"
    if getattr(error, "param", None) is not None:
        if not facts.message:
            return f"{facts.param.metavar or _setting(facts)} is missing: {see}"
        return f"{_setting(facts)}: {_problem(facts.message)}: {see}"
    if hasattr(error, "possibilities"):
        near = _nearest(facts.option_name, context)
        return (
            f"there is no option {facts.option_name}{near}: {see}, "
            "or put a text that begins with a dash behind `--`"
        )
    problem = _problem(error.format_message())
    if problem.startswith("no such command"):
        see = f"texts are judged by `seaguard check`; {see}"
    return f"{problem}: {see}"


def _command(arguments: Sequence[str]) -> str:
    named = next((one for one in arguments if not one.startswith("-")), "")
    return f"seaguard {named}".rstrip()


def _setting(error: Any) -> str:  # noqa: ANN401  # as above
    """Give the option whose value is wrong, and where that was set if not on the command line."""
    source = error.ctx.get_parameter_source(error.param.name) if error.ctx else None
    origin = _ORIGINS.get(getattr(source, "name", ""), "").format(variable=error.param.envvar)
    return f"{error.param.opts[-1]}{origin}"


def _nearest(name: str, context: Any) -> str:  # noqa: ANN401  # as above
    from difflib import get_close_matches

    options = [option for one in context.command.params for option in one.opts] if context else []
    begun = [option for option in options if option.startswith(name)]
    near = begun or get_close_matches(name, options, 1)
    return f", the nearest is {near[0]}" if near else ""


def _problem(message: str) -> str:
    """Give Typer's message as a part of a sentence."""
    for theirs, ours in _RESPELLED.items():
        message = message.replace(theirs, ours)
    message = _RANGE.sub(r"is not from \1 to \2", message)
    message, near, names = message.partition(". Did you mean ")
    if near:
        # Typer names several, the nearest first.
        message += f", the nearest is {names.partition(', ')[0]}"
    message = message.partition(". Recognized values")[0].rstrip(".?")
    return message[:1].lower() + message[1:]
