"""From arguments to an exit status: the one place where errors become one."""

from __future__ import annotations

from seaguard_cli.cli.environment import Environment
from seaguard_cli.errors import Interrupted, SeaguardError
from seaguard_cli.exits import Exit


def run(environment: Environment) -> int:
    """Run the command that the arguments ask for and give its exit status."""
    try:
        return _dispatch(environment)
    except BrokenPipeError:
        return Exit.BROKEN_PIPE
    except (KeyboardInterrupt, Interrupted):
        return Exit.INTERRUPTED
    except SeaguardError as error:
        from seaguard_cli.cli.messages import sentence_of, status_of

        _tell(environment, sentence_of(error))
        return status_of(error)
    except MemoryError:
        _tell(environment, "not enough memory: lower --ctx or --max-record, or the quant")
        return Exit.ENGINE
    except Exception as error:
        _tell_bug(environment, error)
        return Exit.BUG


def _dispatch(environment: Environment) -> int:
    """Let Typer parse and call; its own exceptions become usage errors in our voice."""
    from typer.exceptions import TyperException
    from typer.main import get_command

    from seaguard_cli.cli.app import app

    command = get_command(app)
    try:
        status = command.main(
            list(environment.arguments),
            prog_name="seaguard",
            standalone_mode=False,
            obj=environment,
        )
    except TyperException as error:
        message = error.format_message().rstrip(".")
        if message:
            hint = "see `seaguard check --help`"
            _tell(environment, f"{message[:1].lower()}{message[1:]}: {hint}")
        return Exit.USAGE
    return status if isinstance(status, int) else Exit.OK


def _tell(environment: Environment, sentence: str) -> None:
    from seaguard_cli.cli.report import Report

    Report(environment).error(sentence)


def _tell_bug(environment: Environment, error: Exception) -> None:
    if "--debug" in environment.arguments or environment.variables.get("SEAGUARD_DEBUG"):
        import traceback

        environment.stderr.write(traceback.format_exc())
    _tell(
        environment,
        f"a bug in seaguard, {type(error).__name__}: {error}: "
        "run it again with --debug and report what it shows",
    )
