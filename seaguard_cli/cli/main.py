"""From arguments to an exit status: the one place where errors become one."""

from __future__ import annotations

from contextlib import redirect_stdout
from io import StringIO

from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.job import Job
from seaguard_cli.cli.leaving import raise_again
from seaguard_cli.errors import Interrupted, SeaguardError
from seaguard_cli.exits import Exit


def run(environment: Environment) -> int:
    """Run the command that the arguments ask for and give its exit status."""
    debug = "--debug" in environment.arguments
    try:
        parsed = _parse(environment)
        if not isinstance(parsed, Job):
            return parsed
        # From here on a variable or config.toml counts too.
        debug = parsed.debug
        if not parsed.interruptible:
            raise_again()
        return parsed.run(environment)
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
        _tell_bug(environment, error, debug=debug)
        return Exit.BUG


def _parse(environment: Environment) -> Job | int:
    """Let Typer read the arguments; its own exceptions become usage errors in our voice.

    Gives what is to be done, or the exit status when that was all.
    """
    from typer.exceptions import TyperException
    from typer.main import get_command

    from seaguard_cli.cli.app import app

    # Without arguments the help is a remedy, and no data.
    remedy = not environment.arguments
    page = _Page(environment.stderr_terminal if remedy else environment.stdout_terminal)
    try:
        with redirect_stdout(page):
            parsed = get_command(app).main(
                list(environment.arguments),
                prog_name="seaguard",
                standalone_mode=False,
                obj=environment,
            )
    except TyperException as error:
        from seaguard_cli.cli.report import Report

        if remedy:
            # Typer's error for this case carries the help.
            Report(environment).page(f"{error.format_message()}\n")
        else:
            from seaguard_cli.cli.usage import usage_sentence
            from seaguard_cli.records.literal import literal

            _tell(environment, literal(usage_sentence(error, environment.arguments)))
        return Exit.USAGE
    finally:
        if text := page.take():
            from seaguard_cli.cli.sink import Output

            Output(environment.stdout).write(text.encode("utf-8", "backslashreplace"))
    return parsed if isinstance(parsed, Job | int) else Exit.OK


class _Page(StringIO):
    """What Typer prints, kept until it is done: Typer takes a broken pipe for status 1."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def take(self) -> str:
        """Give what was printed since the last time."""
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return text


def _tell(environment: Environment, sentence: str) -> None:
    from seaguard_cli.cli.report import Report

    Report(environment).error(sentence)


def _tell_bug(environment: Environment, error: Exception, *, debug: bool) -> None:
    from seaguard_cli.cli.report import Report
    from seaguard_cli.records.literal import literal

    report = Report(environment)
    if debug:
        import traceback

        report.traceback(traceback.format_exc())
    remedy = "run it again with --debug and report what it shows"
    what = literal(f"{type(error).__name__}: {error}")
    report.error(f"a bug in seaguard, {what}: {'report it' if debug else remedy}")
