"""The commands, as Typer reads them from these signatures."""

from __future__ import annotations

from functools import partial

import typer

from seaguard_cli import __version__, defaults
from seaguard_cli.cli import bench_command, cache_commands, options
from seaguard_cli.cli.help import Command, Group
from seaguard_cli.cli.job import Job
from seaguard_cli.cli.weights_commands import add_commands
from seaguard_cli.cli.weights_options import Offline
from seaguard_cli.errors import UsageError

_ABOUT = "Moderate Southeast Asian languages with SEA-Guard models, on your own machine."

_CHECK_EPILOG = """\
Examples:
  seaguard check "how do I bake banana bread?"
  seaguard check -f posts.jsonl --field message.body > judged.jsonl
  seaguard check -f 'logs/*.jsonl.gz' --with-source > judged.jsonl
  seaguard check -f posts.parquet -o parquet > judged.parquet
  cat posts.txt | seaguard check --only unsafe
  seaguard check -f posts.jsonl --out judged.jsonl --resume --summary
  seaguard check -f chats.jsonl --each-turn > judged.jsonl
  seaguard check --whole -f book.txt --max-window 8192
  seaguard check --cache -f posts.jsonl > judged.jsonl
  if seaguard check -q -- "$comment"; then publish "$comment"; fi

Exit status:
   0  done
   1  something was unsafe (only with --exit-code or -q)
   2  wrong usage or configuration, or an input file is missing
   3  some records could not be judged
   4  weights missing, or not usable as a guard
   5  the engine failed
  70  a bug
  74  reading or writing failed
 130  interrupted (141: whoever read the output has gone)

Settings:
  Every option but TEXT, -f, -q and --only may be set by a variable, as
  SEAGUARD_MODEL for --model, or by a line in config.toml, as model = 'tiny'.
  The command line goes before the variable, and the variable before the file."""

app = typer.Typer(
    name="seaguard",
    help=_ABOUT,
    no_args_is_help=True,
    cls=Group,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def seaguard(context: typer.Context, version: options.Version = False) -> None:
    """Moderate Southeast Asian languages with SEA-Guard models, on your own machine."""
    from seaguard_cli.cli.config import read_config

    if version:
        typer.echo(f"seaguard {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        raise UsageError(problem="there is no command", remedy="see `seaguard --help`")
    # Typer looks here for what neither the command line nor a variable sets.
    commands = getattr(context.command, "commands", {})
    settable = {
        command: [one.name for one in known.params if one.envvar]
        for command, known in commands.items()
    }
    lines = read_config(context.obj.config_file, settable)
    several = {one.name for known in commands.values() for one in known.params if _is_list(one)}
    # A list is written as in its variable, with blanks between.
    context.default_map = {
        command: {
            name: value.split() if name in several and isinstance(value, str) else value
            for name, value in set_there.items()
        }
        for command, set_there in lines.items()
    }


def _is_list(parameter: object) -> bool:
    return bool(getattr(parameter, "multiple", False))


@app.command(cls=Command, epilog=_CHECK_EPILOG)
def check(
    context: typer.Context,
    texts: options.Texts = None,
    files: options.Files = None,
    response: options.Response = None,
    input_format: options.InputFormat = None,
    whole: options.Whole = False,
    field: options.Field = None,
    prompt_field: options.PromptField = None,
    response_field: options.ResponseField = None,
    task: options.Task = None,
    each_turn: options.EachTurn = False,
    max_record: options.MaxRecord = defaults.MAX_RECORD,
    model: options.Model = defaults.MODEL,
    threshold: options.Threshold = defaults.THRESHOLD,
    settle: options.Settle = defaults.SETTLE,
    deterministic: options.Deterministic = False,
    max_window: options.MaxWindow = None,
    overlap: options.Overlap = None,
    max_windows: options.MaxWindows = None,
    family: options.Family = None,
    cache: options.Cache = False,
    cache_limit: options.CacheLimit = defaults.CACHE_LIMIT,
    show_prompt: options.ShowPrompt = False,
    offline: Offline = False,
    device: options.Device = "auto",
    threads: options.Threads = None,
    gpu_layers: options.GpuLayers = None,
    ctx: options.Ctx = None,
    output_format: options.OutputFormat = None,
    only: options.Only = None,
    quiet: options.Quiet = False,
    exit_code: options.ExitCode = False,
    key: options.Key = defaults.KEY,
    replace: options.Replace = False,
    with_source: options.WithSource = False,
    out: options.Out = None,
    resume: options.Resume = False,
    split: options.Split = None,
    summary: options.Summary = False,
    json: options.SummaryJson = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> Job:
    """Judge texts, files or standard input: safe or unsafe.

    Texts come from the arguments, from files (-f), or from standard input if neither is given.
    """
    from seaguard_cli.cli.check import run_check
    from seaguard_cli.cli.check_request import CheckRequest
    from seaguard_cli.records import Form, Format

    request = CheckRequest(
        texts=tuple(texts or ()),
        files=tuple(files or ()),
        input_format=Format(input_format) if input_format else None,
        output_format=Form(output_format) if output_format else None,
        response=response,
        whole=whole,
        field=field,
        prompt_field=prompt_field,
        response_field=response_field,
        task=task,
        each_turn=each_turn,
        max_record=max_record,
        model=model,
        family=family,
        cache=cache,
        cache_limit=cache_limit,
        threshold=threshold,
        settle=settle,
        deterministic=deterministic,
        max_window=max_window,
        overlap=overlap,
        max_windows=max_windows,
        device=device,
        threads=threads,
        gpu_layers=gpu_layers,
        ctx=ctx,
        only=only,
        quiet=quiet,
        exit_code=exit_code,
        key=key,
        replace=replace,
        with_source=with_source,
        show_prompt=show_prompt,
        offline=offline,
        out=out,
        resume=resume,
        split=split,
        summary=summary,
        json=json,
        verbose=verbose,
    )
    run = partial(run_check, request.for_command_line(_given(context)))
    return Job(run, debug, interruptible=True)


def _given(context: typer.Context) -> set[str]:
    """Give the parameters that stand on the command line itself."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source and source.name == "COMMANDLINE"}


add_commands(app)
bench_command.add_commands(app)
cache_commands.add_commands(app)
