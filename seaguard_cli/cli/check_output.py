"""Where `check` writes: standard output, nowhere, a file that can be resumed, or a folder."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from seaguard_cli.cli.check_notes import failure_teller
from seaguard_cli.cli.check_request import CheckRequest
from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.interrupt import Hold
from seaguard_cli.cli.messages import wording
from seaguard_cli.cli.report import Report
from seaguard_cli.cli.sink import NoOutput, Output
from seaguard_cli.errors import (
    EngineError,
    InputFailed,
    Interrupted,
    OutputClosed,
    OutputFailed,
    PartThere,
    UsageError,
)
from seaguard_cli.guard import Guard
from seaguard_cli.pipeline import Tally
from seaguard_cli.records import (
    SPLIT_PARTS,
    Form,
    Header,
    Look,
    Record,
    Sink,
    Writer,
    open_filter,
    open_split,
    open_writer,
)

if TYPE_CHECKING:
    from seaguard_cli.resumable import ResumableOutput

_BREAKS_OFF = (KeyboardInterrupt, Interrupted, InputFailed, OutputFailed, EngineError)
_SUFFIXES = {
    Form.TEXT: "txt",
    Form.JSONL: "jsonl",
    Form.JSON: "json",
    Form.CSV: "csv",
    Form.PARQUET: "parquet",
}


@dataclass(frozen=True, slots=True)
class Target:
    """The writer of a run, and the file behind it when that is one to resume.

    `hold` is entered while something is written that Ctrl-C must not cut in two.
    """

    writer: Writer
    hold: AbstractContextManager[None]
    file: ResumableOutput | None = None

    def took(self, one: Record | Header, tally: Tally) -> None:
        """Note that `one` was written."""
        if self.file:
            self.file.took(one, tally, whole=not self.writer.holds)


def form_of(request: CheckRequest, environment: Environment) -> Form:
    """Give the form of the output: a person's on a terminal, else JSON Lines."""
    if request.output_format:
        return request.output_format
    to_terminal = environment.stdout_terminal and request.out is None and request.split is None
    return Form.TEXT if to_terminal else Form.JSONL


@contextmanager
def open_target(
    request: CheckRequest, environment: Environment, guard: Guard, report: Report, hold: Hold
) -> Iterator[Target]:
    """Open what is written to, and end it whatever happens; Ctrl-C waits on `hold` if it must.

    Raises OutputThere, PartThere, OutputTaken, OutputClosed, CannotResume and ParquetMissing.
    """
    form = form_of(request, environment)
    # A journal agrees with its file, and a torn row group makes a Parquet file unreadable.
    whole = request.out is not None or form is Form.PARQUET
    held = hold if whole else nullcontext()
    with ExitStack() as stack:
        file = None
        if request.out is not None:
            file = _resumable(Path(request.out), request, form, guard)
            stack.enter_context(_resumed_later(file, environment, report))
            writer = _writer(form, file, request, Look(), report)
        elif request.split is not None:
            writer = _split(Path(request.split), form, request, report, stack)
        else:
            sink = NoOutput() if request.quiet else Output(environment.stdout)
            writer = _to_standard_output(form, sink, request, environment, report)
        with _ended(writer, held):
            yield Target(writer, held, file)


def _to_standard_output(
    form: Form, sink: Sink, request: CheckRequest, environment: Environment, report: Report
) -> Writer:
    terminal = environment.stdout_terminal
    look = Look(
        colour=terminal and environment.colour,
        width=environment.width if terminal else None,
        literal=terminal,
    )
    if request.only:
        return open_filter(request.only, sink, note=failure_teller(report), look=look)
    return _writer(form, sink, request, look, report)


def _writer(form: Form, sink: Sink, request: CheckRequest, look: Look, report: Report) -> Writer:
    column = "column in the CSV" if form is Form.CSV else "fitting column in the Parquet file"
    return open_writer(
        form,
        sink,
        key=request.key,
        replace=request.replace,
        wording=wording,
        look=look,
        note=lambda name: report.warn(f"the field {name!r} has no {column}: -o jsonl keeps it"),
        with_source=request.with_source,
    )


def _split(
    folder: Path, form: Form, request: CheckRequest, report: Report, stack: ExitStack
) -> Writer:
    """Open a new file for each part. Raises PartThere and OutputClosed."""
    parts = {}
    for part in SPLIT_PARTS:
        path = folder / f"{part}.{_SUFFIXES[form]}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stream = stack.enter_context(_new(path))
        except FileExistsError as error:
            raise PartThere(path=str(path)) from error
        except OSError as error:
            raise OutputClosed(path=str(path), reason=error.strerror or str(error)) from error
        parts[part] = _writer(form, Output(stream, str(path)), request, Look(), report)
    return open_split(parts)


@contextmanager
def _new(path: Path) -> Iterator[BinaryIO]:
    """Open a new file; it goes again if it is empty where a run could not begin."""
    with path.open("xb", buffering=0) as stream:
        try:
            yield stream
        except UsageError:
            with suppress(OSError):
                if not stream.tell():
                    path.unlink()
            raise


def _resumable(path: Path, request: CheckRequest, form: Form, guard: Guard) -> ResumableOutput:
    from seaguard_cli.resumable import ResumableOutput

    settings = {**request.settings(), "output format": form, **guard.fingerprint()}
    return ResumableOutput(path, settings, resume=request.resume)


@contextmanager
def _resumed_later(
    file: ResumableOutput, environment: Environment, report: Report
) -> Iterator[None]:
    """Leave a journal behind, and tell how to go on after what broke the run off."""
    try:
        yield
    except BaseException as error:
        with suppress(OutputFailed):
            file.close(finished=False)
        if isinstance(error, _BREAKS_OFF):
            given = [one for one in environment.arguments if one != "--resume"]
            command = shlex.join(["seaguard", *given, "--resume"])
            report.note(f"{file.path} holds {file.written} records: go on with `{command}`")
        raise
    file.close(finished=True)


@contextmanager
def _ended(writer: Writer, hold: AbstractContextManager[None]) -> Iterator[None]:
    """End the output whatever happens; what happened goes before an end that cannot be written."""
    try:
        yield
    except BaseException:
        with suppress(OSError, OutputFailed):
            writer.close()
        raise
    with hold:
        writer.close()
