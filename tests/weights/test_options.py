"""Every option of the commands about weights may be set by its variable and by a line."""

from __future__ import annotations

from typing import Any

import pytest
from typer.main import get_command

from seaguard_cli.cli.app import app

COMMANDS: Any = get_command(app).commands  # type: ignore[attr-defined]
OPTIONS = [
    pytest.param(one, id=f"{command} --{one.name}")
    for command in ("pull", "models", "rm", "verify", "convert")
    for one in COMMANDS[command].params
    if one.param_type_name == "option" and one.name != "help"
]


@pytest.mark.parametrize("option", OPTIONS)
def test_variable_and_line_are_called_after_the_long_name(option: Any) -> None:
    (long,) = (name.removeprefix("--") for name in option.opts if name.startswith("--"))
    assert option.name == long.replace("-", "_")
    assert option.envvar == f"SEAGUARD_{option.name.upper()}"
