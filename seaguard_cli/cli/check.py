"""`seaguard check`: from a request to an exit status."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from seaguard_cli import defaults
from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.interrupt import interruptible
from seaguard_cli.cli.messages import sentence_of, wording
from seaguard_cli.cli.prompts import show_prompts
from seaguard_cli.cli.report import Report
from seaguard_cli.cli.sink import NoOutput, Output
from seaguard_cli.cli.sources import Reading, Source, incoming, open_sources
from seaguard_cli.errors import (
    Failure,
    InputFailed,
    NothingToRead,
    OutputFailed,
    SeaguardError,
    TextNamesFile,
    UsageError,
    WeightsMissing,
)
from seaguard_cli.exits import Exit
from seaguard_cli.guard import Guard
from seaguard_cli.pipeline import Incoming, Tally, judge
from seaguard_cli.records import (
    Form,
    Format,
    Header,
    Look,
    Record,
    Selection,
    Sink,
    Writer,
    literal,
    open_filter,
    open_writer,
)
from seaguard_cli.verdict import Label, Task

_TOLD_FAILURES = 20
_ONE_OF_THEM = "leave one of them out"
# An option that a variable or config.toml sets, and those on the command line that put it out.
_GIVES_WAY_TO = {
    "output_format": ("only", "quiet", "show_prompt"),
    "field": ("prompt_field", "response_field"),
    "prompt_field": ("field",),
    "response_field": ("field",),
    "input_format": ("whole",),
    "whole": ("input_format",),
}
_LOW_MASS = (
    "the model gave the two verdicts less than half of the probability: "
    "model or prompt is not what it should be (see low_mass in the records)"
)


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
    max_record: int = defaults.MAX_RECORD
    model: str = defaults.MODEL
    family: str | None = None
    threshold: float = defaults.THRESHOLD
    settle: float = defaults.SETTLE
    deterministic: bool = False
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
    show_prompt: bool = False
    offline: bool = False

    def for_command_line(self, given: Set[str]) -> CheckRequest:
        """Give the request without the settings that do not go with the options `given`."""
        put_out = {
            name
            for name, options in _GIVES_WAY_TO.items()
            if name not in given and not given.isdisjoint(options)
        }
        standard: dict[str, Any] = {
            one.name: one.default for one in fields(self) if one.name in put_out
        }
        return replace(self, **standard)


def run_check(request: CheckRequest, environment: Environment) -> Exit:
    """Judge everything that was asked for. Raises SeaguardError and BrokenPipeError."""
    _require_sense(request)
    report = Report(environment, quiet=request.quiet)
    form = request.output_format or (Form.TEXT if environment.stdout_terminal else Form.JSONL)
    sink = NoOutput() if request.quiet else Output(environment.stdout)
    with ExitStack() as stack:
        sources = _sources(request, environment, stack)
        guard = stack.enter_context(_guard_or_fetch(request, environment))
        records = incoming(request.texts, request.response, sources, _reading(request, form))
        if request.show_prompt:
            return show_prompts(records, guard, form, sink, report)
        stack.enter_context(interruptible(guard))
        writer = _writer(request, form, sink, environment, report)
        tally = Tally()
        broken: SeaguardError | None = None
        try:
            with _ended(writer):
                _judge(records, guard, writer, tally, report)
        except (InputFailed, OutputFailed) as error:
            # The status of what was judged before may count for more.
            tally.broke_off, broken = True, error
        finally:
            _tell_failures(tally, report)
        if broken:
            report.error(sentence_of(broken))
    return tally.status(unsafe_counts=request.exit_code or request.quiet)


@contextmanager
def _ended(writer: Writer) -> Iterator[None]:
    """End the output whatever happens; what happened goes before an end that cannot be written."""
    try:
        yield
    except BaseException:
        with suppress(OSError, OutputFailed):
            writer.close()
        raise
    writer.close()


def _judge(
    records: Iterable[Incoming], guard: Guard, writer: Writer, tally: Tally, report: Report
) -> None:
    told = False
    for one in judge(records, guard):
        if isinstance(one, Header):
            writer.header(one)
            continue
        if guard.loaded and not told:
            told = True
            _tell_model(guard, report)
        record, outcome = one
        writer.write(record, outcome)
        tally.count(record, outcome)
        if tally.low_mass:
            report.warn(_LOW_MASS)


def _require_sense(request: CheckRequest) -> None:
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
        (not request.key, "--key is empty", "give the key that verdicts are added under"),
    ):
        if applies:
            raise UsageError(problem=problem, remedy=remedy)


def _number(count: int) -> str:
    return "is none" if count == 0 else f"are {count}"


def _sources(request: CheckRequest, environment: Environment, stack: ExitStack) -> list[Source]:
    """Open what is to be read. Raises NothingToRead, TextNamesFile and InputMissing."""
    if len(request.texts) == 1 and not request.files and request.response is None:
        text = request.texts[0]
        if "--" not in environment.arguments and os.path.isfile(text):
            raise TextNamesFile(path=text)
    files = request.files
    if not request.texts and not files:
        if environment.stdin_terminal:
            raise NothingToRead
        files = ("-",)
    return open_sources(files, environment, stack)


def _guard_or_fetch(request: CheckRequest, environment: Environment) -> Guard:
    """Give the guard; a model that is not here may be fetched first, if a person says so."""
    try:
        return _guard(request)
    except WeightsMissing as missing:
        from seaguard_cli.cli.first_use import fetch_now

        reads_input = "-" in request.files or not (request.texts or request.files)
        asks = not (reads_input or request.quiet)
        if not asks or not fetch_now(missing, environment, offline=request.offline):
            raise
    return _guard(request)


def _guard(request: CheckRequest) -> Guard:
    return Guard(
        request.model,
        task=request.task or "prompt",
        threshold=request.threshold,
        deterministic=request.deterministic,
        settle=request.settle,
        family=request.family,
        device=request.device,
        threads=request.threads,
        gpu_layers=request.gpu_layers,
        ctx=request.ctx,
    )


def _reading(request: CheckRequest, form: Form) -> Reading:
    adds_key = form in (Form.JSONL, Form.JSON) and not (request.only or request.quiet)
    selection = Selection(
        field=request.field,
        prompt_field=request.prompt_field,
        response_field=request.response_field,
        task=request.task,
        key=request.key if adds_key and not request.replace else None,
    )
    return Reading(request.input_format, request.whole, selection, request.max_record)


def _writer(
    request: CheckRequest, form: Form, sink: Sink, environment: Environment, report: Report
) -> Writer:
    terminal = environment.stdout_terminal
    look = Look(
        colour=terminal and environment.colour,
        width=environment.width if terminal else None,
        literal=terminal,
    )
    if request.only:
        return open_filter(request.only, sink, note=_teller(report), look=look)
    return open_writer(
        form,
        sink,
        key=request.key,
        replace=request.replace,
        wording=wording,
        look=look,
        note=lambda name: report.warn(
            f"the field {name!r} has no column in the CSV: -o jsonl keeps it"
        ),
    )


def _teller(report: Report) -> Callable[[Record, Failure], None]:
    """Give what tells a filter's failures, the first of them one by one."""
    told = 0

    def tell(record: Record, failure: Failure) -> None:
        nonlocal told
        told += 1
        if told <= _TOLD_FAILURES:
            report.note(f"line {record.line}: {failure.code}: {literal(wording(failure))}")

    return tell


def _tell_model(guard: Guard, report: Report) -> None:
    report.note(f"{guard.model} on the {guard.device}")
    if guard.demonstration:
        report.warn(
            f"{guard.model} is a demonstration and no moderator: trust none of its verdicts"
        )
    if words := guard.unusual_verdicts:
        report.warn(
            f"{guard.model} is no SEA-Guard: it is scored on {words[0]!r} and {words[1]!r}, "
            "the verdicts that are one token of its vocabulary"
        )


def _tell_failures(tally: Tally, report: Report) -> None:
    if not tally.failures:
        return
    count = tally.failures.total()
    codes = ", ".join(f"{number} {code}" for code, number in tally.failures.most_common())
    records = "record" if count + tally.judged == 1 else "records"
    report.warn(
        f"{count} of {count + tally.judged} {records} could not be judged: {codes}; "
        f"the first at line {tally.first_failure}"
    )
