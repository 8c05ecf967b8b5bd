"""From arguments to an exit status: the one place where errors become one."""

from __future__ import annotations

import traceback

from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.messages import sentence_of, status_of
from seaguard_cli.cli.report import Report
from seaguard_cli.errors import Interrupted, SeaguardError
from seaguard_cli.exits import Exit


def run(environment: Environment) -> int:
    """Run the command that the arguments ask for and give its exit status."""
    report = Report(environment)
    try:
        return _dispatch(environment, report)
    except BrokenPipeError:
        return Exit.BROKEN_PIPE
    except (KeyboardInterrupt, Interrupted):
        return Exit.INTERRUPTED
    except SeaguardError as error:
        report.error(sentence_of(error))
        return status_of(error)
    except MemoryError:
        report.error("not enough memory: lower --ctx or --max-record, or choose a smaller quant")
        return Exit.ENGINE
    except Exception as error:
        if "--debug" in environment.arguments or environment.variables.get("SEAGUARD_DEBUG"):
            environment.stderr.write(traceback.format_exc())
        report.error(
            f"a bug in seaguard, {type(error).__name__}: {error}: "
            "run it again with --debug and report what it shows"
        )
        return Exit.BUG


def _dispatch(environment: Environment, report: Report) -> int:
    """Let Typer parse and call; its own exceptions become usage errors in our voice."""
    from typer.exceptions import TyperException
    from typer.main import get_command

    from seaguard_cli.cli.app import app, option_names
    from seaguard_cli.cli.config import read_config

    command = get_command(app)
    arguments = list(environment.arguments)
    config = read_config(environment.config_file, option_names())
    names = getattr(command, "commands", {})
    defaults = {
        name: {one.name: config[one.name] for one in sub.params if one.name in config}
        for name, sub in names.items()
    }
    try:
        status = command.main(
            arguments,
            prog_name="seaguard",
            standalone_mode=False,
            obj=environment,
            default_map=defaults,
        )
    except TyperException as error:
        message = error.format_message().rstrip(".")
        if message:
            report.error(f"{message[:1].lower()}{message[1:]}: see `seaguard check --help`")
        return Exit.USAGE
    return status if isinstance(status, int) else Exit.OK
