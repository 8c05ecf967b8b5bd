"""`seaguard check`: from a request to an exit status."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from seaguard_cli.cli.check_notes import (
    LOW_MASS,
    ModelTeller,
    cache_teller,
    failure_teller,
    tell_cache,
    tell_failures,
)
from seaguard_cli.cli.check_request import CheckRequest, require_sense
from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.interrupt import interruptible
from seaguard_cli.cli.messages import sentence_of, wording
from seaguard_cli.cli.prompts import show_prompts
from seaguard_cli.cli.report import Report
from seaguard_cli.cli.sink import NoOutput, Output
from seaguard_cli.cli.sources import Reading, Source, incoming, open_sources
from seaguard_cli.errors import (
    InputFailed,
    NothingToRead,
    OutputFailed,
    SeaguardError,
    TextNamesFile,
    WeightsMissing,
)
from seaguard_cli.exits import Exit
from seaguard_cli.guard import Guard
from seaguard_cli.pipeline import Incoming, Tally, judge
from seaguard_cli.records import (
    Form,
    Header,
    Look,
    Selection,
    Sink,
    Writer,
    open_filter,
    open_writer,
)
from seaguard_cli.verdict import Verdict

if TYPE_CHECKING:
    from seaguard_cli.cache import Cache


def run_check(request: CheckRequest, environment: Environment) -> Exit:
    """Judge everything that was asked for. Raises SeaguardError and BrokenPipeError."""
    require_sense(request)
    report = Report(environment, quiet=request.quiet)
    form = request.output_format or (Form.TEXT if environment.stdout_terminal else Form.JSONL)
    sink = NoOutput() if request.quiet else Output(environment.stdout)
    with ExitStack() as stack:
        sources = _sources(request, environment, stack)
        cache = _cache(request, environment, report)
        guard = stack.enter_context(_guard_or_fetch(request, environment, cache))
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
            tell_failures(tally, report)
            if cache:
                tell_cache(cache, report)
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
    teller = ModelTeller(guard, report)
    for one in judge(records, guard):
        if isinstance(one, Header):
            writer.header(one)
            continue
        record, outcome = one
        if guard.loaded or isinstance(outcome, Verdict):
            teller.tell()
        writer.write(record, outcome)
        tally.count(record, outcome)
        if tally.low_mass:
            report.warn(LOW_MASS)


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


def _cache(request: CheckRequest, environment: Environment, report: Report) -> Cache | None:
    if not request.cache:
        return None
    from seaguard_cli.cache import Cache
    from seaguard_cli.cli.progress import ProgressLine

    return Cache(
        limit=request.cache_limit,
        failed=cache_teller(report),
        progress=None if request.quiet else ProgressLine(environment, report),
    )


def _guard_or_fetch(request: CheckRequest, environment: Environment, cache: Cache | None) -> Guard:
    """Give the guard; a model that is not here may be fetched first, if a person says so."""
    try:
        return _guard(request, cache)
    except WeightsMissing as missing:
        from seaguard_cli.cli.first_use import fetch_now

        reads_input = "-" in request.files or not (request.texts or request.files)
        asks = not (reads_input or request.quiet)
        if not asks or not fetch_now(missing, environment, offline=request.offline):
            raise
    return _guard(request, cache)


def _guard(request: CheckRequest, cache: Cache | None) -> Guard:
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
        cache=cache or False,
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
        return open_filter(request.only, sink, note=failure_teller(report), look=look)
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
