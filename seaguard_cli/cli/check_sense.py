"""Whether what a person asks of `seaguard check` makes sense."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from seaguard_cli.cli.check_request import CheckRequest
from seaguard_cli.cli.environment import Environment
from seaguard_cli.errors import UsageError
from seaguard_cli.records import Form, Format

_ONE_OF_THEM = "leave one of them out"

# Whether it is so, what is wrong then, and what to do about it.
_Rules = Sequence[tuple[object, str, str]]


def require_sense(request: CheckRequest) -> None:
    """Raise UsageError for options that do not go together."""
    for applies, problem, remedy in chain(
        _of_input(request), _of_output(request), _of_files(request), _of_telling(request)
    ):
        if applies:
            raise UsageError(problem=problem, remedy=remedy)


def require_place(request: CheckRequest, environment: Environment) -> None:
    """Raise UsageError for an output that is not for where it would go."""
    shown = environment.stdout_terminal and request.split is None
    if shown and request.output_format is Form.PARQUET:
        raise UsageError(
            problem="Parquet is no text, and standard output is a terminal",
            remedy="write it to a file, as in `seaguard check -o parquet ... > judged.parquet`",
        )


def _of_input(request: CheckRequest) -> _Rules:
    """Give the rules for what is judged."""
    return (
        (
            request.field and (request.prompt_field or request.response_field),
            "--field names the one text, --prompt-field and --response-field a pair",
            _ONE_OF_THEM,
        ),
        (
            request.response is not None and len(request.texts) != 1,
            f"--response goes with one TEXT, and there {_number(len(request.texts))}",
            'give them as `seaguard check "some prompt" --response "some response"`',
        ),
        (
            request.whole and request.input_format not in (None, Format.TEXT),
            f"--whole takes the input as one text, and not as {request.input_format}",
            _ONE_OF_THEM,
        ),
    )


def _of_output(request: CheckRequest) -> _Rules:
    """Give the rules for what is written of it."""
    shown = (None, Form.TEXT, Form.JSONL)
    return (
        (
            request.only and request.output_format,
            "--only passes records on as they came, so -o does not apply",
            _ONE_OF_THEM,
        ),
        (
            request.quiet and (request.output_format or request.only),
            "-q writes nothing, so -o and --only do not apply",
            _ONE_OF_THEM,
        ),
        (
            request.show_prompt and (request.quiet or request.only),
            "--show-prompt judges nothing, so -q and --only do not apply",
            _ONE_OF_THEM,
        ),
        (
            request.show_prompt and request.output_format not in shown,
            f"--show-prompt writes text or jsonl, and not {request.output_format}",
            "choose one of the two with -o",
        ),
        (
            request.with_source and (request.only or request.quiet),
            "--only and -q add nothing to records, so --with-source does not apply",
            _ONE_OF_THEM,
        ),
        (
            request.with_source and request.output_format is Form.LABELS,
            "-o labels writes one word a line, so --with-source does not apply",
            _ONE_OF_THEM,
        ),
    )


def _of_files(request: CheckRequest) -> _Rules:
    """Give the rules for files that are written in place of standard output."""
    return (
        (
            request.out is not None and (request.only or request.quiet or request.split),
            "--out takes a record for every record, so --only, --split and -q do not go with it",
            _ONE_OF_THEM,
        ),
        (
            request.out is not None and request.output_format is Form.JSON,
            "--out grows by whole lines, and an array is none before its end",
            "choose -o jsonl",
        ),
        (
            request.out is not None and request.output_format is Form.PARQUET,
            "--out grows by whole lines, and Parquet has none",
            "choose -o jsonl, or write it with `-o parquet > judged.parquet` or --split",
        ),
        (
            request.resume and request.out is None,
            "--resume goes on with the file that --out names",
            "name it, as `seaguard check -f posts.jsonl --out judged.jsonl --resume`",
        ),
        (
            request.split is not None
            and (request.only or request.quiet or request.output_format is Form.LABELS),
            "--split writes the records of every label, so --only, -q and -o labels do not "
            "go with it",
            _ONE_OF_THEM,
        ),
        (
            request.show_prompt and (request.out is not None or request.split is not None),
            "--show-prompt judges nothing, so --out and --split do not apply",
            _ONE_OF_THEM,
        ),
    )


def _of_telling(request: CheckRequest) -> _Rules:
    """Give the rules for how a verdict and the run are told."""
    return (
        (
            request.json and not request.summary,
            "--json is the form of the summary",
            "add --summary, or choose the form of the records with -o",
        ),
        (not request.key, "--key is empty", "give the key that verdicts are added under"),
    )


def _number(count: int) -> str:
    return "is none" if count == 0 else f"are {count}"
