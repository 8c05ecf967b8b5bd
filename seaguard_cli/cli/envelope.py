"""The JSON of the commands about weights: one object, with its schema's version, failures too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.messages import sentence_of, status_of
from seaguard_cli.cli.sink import Output
from seaguard_cli.errors import SeaguardError

SCHEMA = 1


@contextmanager
def json_result(
    command: str, environment: Environment, *, wanted: bool
) -> Iterator[dict[str, object]]:
    """Give a table to fill; it is written, if `wanted`, when the block ends or fails."""
    result: dict[str, object] = {"schema": SCHEMA, "command": command}
    try:
        yield result
    except SeaguardError as error:
        result["error"] = {
            "type": type(error).__name__,
            "status": int(status_of(error)),
            "message": sentence_of(error),
        }
        if wanted:
            _write(environment, result)
        raise
    if wanted:
        _write(environment, result)


def _write(environment: Environment, result: dict[str, object]) -> None:
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    Output(environment.stdout).write(orjson.dumps(result, option=options))
