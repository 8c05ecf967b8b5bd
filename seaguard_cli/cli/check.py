"""`seaguard check`: from a request to an exit status."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from seaguard_cli.cli.check_notes import cache_teller, tell_cache
from seaguard_cli.cli.check_output import form_of, open_target
from seaguard_cli.cli.check_progress import CheckProgress, input_size
from seaguard_cli.cli.check_request import CheckRequest
from seaguard_cli.cli.check_run import CheckRun
from seaguard_cli.cli.check_sense import require_place, require_sense
from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.interrupt import interruptible
from seaguard_cli.cli.messages import sentence_of
from seaguard_cli.cli.prompts import show_prompts
from seaguard_cli.cli.report import Report
from seaguard_cli.cli.sink import Output
from seaguard_cli.cli.sources import Reading, Source, find_sources, incoming
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
from seaguard_cli.records import Form, Selection

if TYPE_CHECKING:
    from seaguard_cli.cache import Cache
    from seaguard_cli.engine.facts import Work

# Bytes that are judged before repacked weights, loaded for seconds longer, would have paid.
_LITTLE = 4096


def run_check(request: CheckRequest, environment: Environment) -> Exit:
    """Judge everything that was asked for. Raises SeaguardError and BrokenPipeError."""
    require_sense(request)
    report = Report(environment, quiet=request.quiet)
    require_place(request, environment)
    form = form_of(request, environment)
    with ExitStack() as stack:
        if request.verbose:
            from seaguard_cli.cli.verbose import told

            stack.enter_context(told(report))
        sources = _sources(request, environment)
        cache = _cache(request, environment, report)
        guard = stack.enter_context(_guard_or_fetch(request, environment, cache))
        records = incoming(request.texts, request.response, sources, _reading(request, form))
        if request.show_prompt:
            return show_prompts(records, guard, form, Output(environment.stdout), report)
        hold = stack.enter_context(interruptible(guard))
        run = CheckRun(guard, report, _progress(request, sources, environment, report))
        broken: SeaguardError | None = None
        try:
            with open_target(request, environment, guard, report, hold) as target:
                run.judge(records, target)
        except (InputFailed, OutputFailed) as error:
            # The status of what was judged before may count for more.
            run.tally.broke_off, broken = True, error
        finally:
            run.tell_end(request)
            if cache:
                tell_cache(cache, report)
        if broken:
            report.error(sentence_of(broken))
    return run.tally.status(unsafe_counts=request.exit_code or request.quiet)


def _progress(
    request: CheckRequest, sources: Sequence[Source], environment: Environment, report: Report
) -> CheckProgress | None:
    """Give the progress line, where the records themselves do not show how far the run is."""
    shown = environment.stdout_terminal and request.out is None and request.split is None
    if not report.has_line or request.texts or shown:
        return None
    return CheckProgress(report, environment.width, input_size([source.file for source in sources]))


def _sources(request: CheckRequest, environment: Environment) -> list[Source]:
    """Find what is to be read. Raises NothingToRead, TextNamesFile and InputMissing."""
    if len(request.texts) == 1 and not request.files and request.response is None:
        text = request.texts[0]
        if "--" not in environment.arguments and os.path.isfile(text):
            raise TextNamesFile(path=text)
    files = request.files
    if not request.texts and not files:
        if environment.stdin_terminal:
            raise NothingToRead
        files = ("-",)
    return find_sources(files, environment)


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
        max_window=request.max_window,
        overlap=request.overlap,
        max_windows=request.max_windows,
        cache=cache or False,
        work=_work(request),
    )


def _work(request: CheckRequest) -> Work:
    """Tell whether so little is to be judged that nothing is worth preparing for it."""
    if request.texts:
        return "few" if sum(map(len, request.texts)) < _LITTLE else "stream"
    size = input_size(request.files)
    return "few" if size is not None and size < _LITTLE else "stream"


def _reading(request: CheckRequest, form: Form) -> Reading:
    adds_key = form in (Form.JSONL, Form.JSON) and not (request.only or request.quiet)
    selection = Selection(
        field=request.field,
        prompt_field=request.prompt_field,
        response_field=request.response_field,
        task=request.task,
        key=request.key if adds_key and not request.replace else None,
        each_turn=request.each_turn,
    )
    return Reading(request.input_format, request.whole, selection, request.max_record)
