"""What a person asks of `seaguard check`, and whether it makes sense."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from seaguard_cli import defaults
from seaguard_cli.cli.environment import Environment
from seaguard_cli.errors import UsageError
from seaguard_cli.records import Form, Format
from seaguard_cli.verdict import Label, Task

_ONE_OF_THEM = "leave one of them out"
# An option that a variable or config.toml sets, and those on the command line that put it out.
_GIVES_WAY_TO = {
    "output_format": ("only", "quiet", "show_prompt"),
    "out": ("only", "quiet", "show_prompt", "split"),
    "split": ("only", "quiet", "show_prompt", "out"),
    "field": ("prompt_field", "response_field"),
    "prompt_field": ("field",),
    "response_field": ("field",),
    "input_format": ("whole",),
    "whole": ("input_format",),
    "with_source": ("only", "quiet", "show_prompt"),
}
# An option that says something of another, and without that one is put out likewise.
_SAYS_OF = {"json": "summary", "resume": "out"}
# What is given back by other means (the input by its digest, the model by that of its weights),
# or changes neither verdicts nor their form.
_OF_NO_MATTER = {
    "texts", "files", "response", "model", "offline", "device", "threads", "gpu_layers",
    "only", "quiet", "exit_code", "show_prompt", "cache", "cache_limit",
    "out", "resume", "split", "summary", "json", "verbose",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What the person asked for: one attribute an option."""

    texts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    response: str | None = None
    input_format: Format | None = None
    whole: bool = False
    field: str | None = None
    prompt_field: str | None = None
    response_field: str | None = None
    task: Task | None = None
    each_turn: bool = False
    max_record: int = defaults.MAX_RECORD
    model: str = defaults.MODEL
    family: str | None = None
    threshold: float = defaults.THRESHOLD
    settle: float = defaults.SETTLE
    deterministic: bool = False
    max_window: int | None = None
    overlap: int | None = None
    max_windows: int | None = None
    cache: bool = False
    cache_limit: int = defaults.CACHE_LIMIT
    device: Literal["auto", "cpu", "gpu"] = "auto"
    threads: int | None = None
    gpu_layers: int | None = None
    ctx: int | None = None
    output_format: Form | None = None
    only: Label | None = None
    quiet: bool = False
    exit_code: bool = False
    key: str = defaults.KEY
    replace: bool = False
    with_source: bool = False
    show_prompt: bool = False
    offline: bool = False
    out: str | None = None
    resume: bool = False
    split: str | None = None
    summary: bool = False
    json: bool = False
    verbose: bool = False

    def settings(self) -> dict[str, Any]:
        """Give what verdicts and their form follow from, by name: a run must end as it began."""
        names = (one.name for one in fields(self) if one.name not in _OF_NO_MATTER)
        return {name.replace("_", " "): getattr(self, name) for name in names}

    def for_command_line(self, given: Set[str]) -> CheckRequest:
        """Give the request without the settings that do not go with the options `given`."""
        put_out = {
            name
            for name, options in _GIVES_WAY_TO.items()
            if name not in given and not given.isdisjoint(options)
        }
        put_out |= {
            name
            for name, other in _SAYS_OF.items()
            if name not in given and (other in put_out or not getattr(self, other))
        }
        standard: dict[str, Any] = {
            one.name: one.default for one in fields(self) if one.name in put_out
        }
        return replace(self, **standard)


def require_sense(request: CheckRequest) -> None:
    """Raise UsageError for options that do not go together."""
    shown = (None, Form.TEXT, Form.JSONL)
    for applies, problem, remedy in (
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
        (
            request.json and not request.summary,
            "--json is the form of the summary",
            "add --summary, or choose the form of the records with -o",
        ),
        (not request.key, "--key is empty", "give the key that verdicts are added under"),
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


def _number(count: int) -> str:
    return "is none" if count == 0 else f"are {count}"
