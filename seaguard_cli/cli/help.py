"""The help page: plain lines under headings, as fast as the rest of the start.

Typer's own page through rich takes longer to import than everything else that a help needs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from inspect import cleandoc
from typing import TYPE_CHECKING

from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    # Typer's own copy of Click, which it shows to nobody but whoever subclasses its commands.
    from typer._click import Context, HelpFormatter

_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
_ARGUMENTS, _OPTIONS, _COMMANDS = "Arguments", "Options", "Commands"
# Where descriptions begin at the latest, in columns; longer names stand on a line of their own.
_WIDEST_NAME = 26
_LONGEST_SUMMARY = 200

Row = tuple[str, str]


class Command(TyperCommand):
    """A command whose page shows its options by panel, and its epilog as it was written."""

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the rows of every panel."""
        _write_panels(_panels(self, ctx), formatter, ctx)

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the epilog."""
        _write_epilog(self.epilog, formatter, ctx)


class Group(TyperGroup):
    """The same for a command that has commands."""

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the rows of every panel."""
        commands = (self.get_command(ctx, name) for name in self.list_commands(ctx))
        rows = [
            (command.name or "", command.get_short_help_str(_LONGEST_SUMMARY))
            for command in commands
            if command and not command.hidden
        ]
        _write_panels({_COMMANDS: rows} | _panels(self, ctx), formatter, ctx)

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the epilog."""
        _write_epilog(self.epilog, formatter, ctx)


def _panels(command: TyperCommand | TyperGroup, ctx: Context) -> dict[str, list[Row]]:
    """Give the rows of each panel: arguments first, the panels as declared, the rest last."""
    panels: dict[str, list[Row]] = {_ARGUMENTS: []}
    rest = []
    for parameter in command.get_params(ctx):
        row = parameter.get_help_record(ctx)
        if row is None:
            continue
        if parameter.param_type_name == "argument":
            panels[_ARGUMENTS].append(row)
        elif panel := getattr(parameter, "rich_help_panel", None):
            panels.setdefault(panel, []).append(row)
        else:
            rest.append(row)
    return panels | {_OPTIONS: rest}


def _write_panels(panels: dict[str, list[Row]], formatter: HelpFormatter, ctx: Context) -> None:
    names = [name for rows in panels.values() for name, _ in rows if len(name) <= _WIDEST_NAME]
    width = max(map(len, names), default=0)
    for panel, rows in panels.items():
        if rows:
            formatter.write_paragraph()
            formatter.write(f"{_heading(panel, ctx)}\n")
            formatter.indent()
            formatter.write_dl(
                [(name.ljust(width), text) for name, text in rows], col_max=_WIDEST_NAME
            )
            formatter.dedent()


def _write_epilog(epilog: str | None, formatter: HelpFormatter, ctx: Context) -> None:
    """Write what is written in lines as it stands; a line that ends in a colon is a heading."""
    if epilog:
        formatter.write_paragraph()
        formatter.write("".join(_epilog_lines(cleandoc(epilog).splitlines(), ctx)))


def _epilog_lines(lines: Iterable[str], ctx: Context) -> Iterable[str]:
    for line in lines:
        is_heading = line.endswith(":") and not line.startswith(" ")
        yield f"{_heading(line.removesuffix(':'), ctx) if is_heading else line}\n"


def _heading(text: str, ctx: Context) -> str:
    # Typer prints to standard output, which main() has put a page in place of.
    bold = ctx.find_root().obj.colour and sys.stdout.isatty()
    return f"{_BOLD}{text}:{_PLAIN}" if bold else f"{text}:"
