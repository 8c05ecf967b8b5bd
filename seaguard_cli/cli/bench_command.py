"""`bench`, as Typer reads it from its signature."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

import typer

from seaguard_cli import defaults
from seaguard_cli.cli import options
from seaguard_cli.cli.help import Command
from seaguard_cli.cli.job import Job
from seaguard_cli.cli.options import _option

_RUN = "This run"
_EPILOG = """\
Examples:
  seaguard bench
  seaguard bench qwen-4b:Q8_0 --budget 600
  seaguard bench model.gguf -o md --no-save > speed.md

What is done with it:
  The settings that win are kept for these weights on this machine, and `check`
  takes them from then on; --deterministic does not. They move scores a little,
  as packing does. Every value runs up to three times, in turns, and its best run
  counts; one that is not faster by 3 % and by more than runs differ wins nothing.
  What another llama.cpp or another machine found is left alone."""

ModelName = Annotated[
    str,
    typer.Argument(
        metavar="[MODEL[:QUANT]]",
        envvar="SEAGUARD_MODEL",
        show_envvar=False,
        show_default=False,
        help="A model, or the path of a GGUF; else the one that `check` takes.",
    ),
]
TableFormat = Annotated[
    Literal["table", "json", "csv", "md"] | None,
    _option(
        "-o",
        "--table-format",
        panel=_RUN,
        help="table, json, csv or md; else a table on a terminal and json elsewhere.",
        metavar="FORM",
    ),
]
Budget = Annotated[
    float,
    _option(
        "--budget",
        panel=_RUN,
        help="How long the settings may be measured; what they come to is measured after that.",
        metavar="SECONDS",
        min=1,
    ),
]
Save = Annotated[
    bool,
    _option("--save/--no-save", panel=_RUN, help="Keep the settings that win, for `check`."),
]


def add_commands(app: typer.Typer) -> None:
    """Add bench."""
    app.command(cls=Command, epilog=_EPILOG)(bench)


def bench(
    model: ModelName = defaults.MODEL,
    table_format: TableFormat = None,
    budget: Budget = defaults.BUDGET,
    save: Save = True,
    family: options.Family = None,
    device: options.Device = "auto",
    threads: options.Threads = None,
    gpu_layers: options.GpuLayers = None,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> Job:
    """Measure how fast a model is on this machine, and with which settings."""
    from seaguard_cli.cli.bench import BenchRequest, run_bench

    request = BenchRequest(
        model=model,
        table_format=table_format,
        budget=budget,
        save=save,
        family=family,
        device=device,
        threads=threads,
        gpu_layers=gpu_layers,
        verbose=verbose,
    )
    return Job(partial(run_bench, request), debug)
