"""The commands and their options, as Typer reads them from these signatures."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from seaguard_cli import defaults

# Spelled out here and not imported: TAB and --help would pay for the readers and writers.
Format = Literal["text", "jsonl", "json", "csv", "tsv"]
Form = Literal["text", "jsonl", "json", "csv", "labels"]
Task = Literal["prompt", "response"]
Label = Literal["safe", "unsafe"]
Device = Literal["auto", "cpu", "gpu"]

_READING = "What is read"
_JUDGING = "How it is judged"
_MACHINE = "On this machine"
_WRITING = "What is written"

_ABOUT = "Moderate Southeast Asian languages with SEA-Guard models, on your own machine."

_CHECK_EPILOG = """\
[b]Examples[/b]

seaguard check "how do I bake banana bread?"

seaguard check -f posts.jsonl --field message.body > judged.jsonl

cat posts.txt | seaguard check --only unsafe

seaguard check -q "some text" || echo "unsafe, or not judged"

[b]Exit status[/b]

0 done; 1 something was unsafe (with --exit-code or -q); 2 wrong usage; 3 some records could not
be judged; 4 weights missing or unusable; 5 engine failed; 70 a bug; 74 reading or writing failed;
130 interrupted; 141 broken pipe.

[b]Settings[/b]

Every option but TEXT, -f, -q and --only may be set by a variable, as SEAGUARD_MODEL for --model, or
by a line in config.toml of the folder for configuration; the command line goes before both.
"""

app = typer.Typer(
    name="seaguard",
    help=_ABOUT,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _option(*names: str, panel: str, help: str, env: bool = True, **more: Any) -> Any:  # noqa: ANN401 - Typer's own types
    """Give an option with its environment variable: SEAGUARD_ and its long name."""
    variable = "SEAGUARD_" + names[-1].removeprefix("--").replace("-", "_").upper()
    return typer.Option(
        *names,
        envvar=variable if env else None,
        # A rule that the epilog tells; spelled out, it doubles the length of the help.
        show_envvar=False,
        rich_help_panel=panel,
        help=help,
        **more,
    )


@app.callback()
def seaguard(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.")
    ] = False,
) -> None:
    """Moderate Southeast Asian languages with SEA-Guard models, on your own machine."""


@app.command(epilog=_CHECK_EPILOG)
def check(
    context: typer.Context,
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TEXT]...", show_default=False, help="The texts to judge."),
    ] = None,
    files: Annotated[
        list[str] | None,
        _option(
            "-f",
            "--file",
            panel=_READING,
            help="A file to judge; may be given again and again; - is standard input.",
            env=False,
            metavar="FILE",
        ),
    ] = None,
    response: Annotated[
        str | None,
        _option(
            "--response",
            panel=_READING,
            help="Judge this response to the one TEXT.",
            metavar="TEXT",
        ),
    ] = None,
    input_format: Annotated[
        Format | None,
        _option(
            "--input-format",
            panel=_READING,
            help="How the input is divided into records; else its suffix tells, or its content.",
        ),
    ] = None,
    whole: Annotated[
        bool,
        _option("--whole", panel=_READING, help="Take each input as one text."),
    ] = False,
    field: Annotated[
        str | None,
        _option(
            "--field",
            panel=_READING,
            help="The field to judge, as message.body or prompts.0.text.",
            metavar="PATH",
        ),
    ] = None,
    prompt_field: Annotated[
        str | None,
        _option("--prompt-field", panel=_READING, help="The field of the prompt.", metavar="PATH"),
    ] = None,
    response_field: Annotated[
        str | None,
        _option(
            "--response-field",
            panel=_READING,
            help="The field of the response to it.",
            metavar="PATH",
        ),
    ] = None,
    task: Annotated[
        Task | None,
        _option(
            "--task",
            panel=_READING,
            help="Judge prompts, or responses; else what a record holds tells.",
        ),
    ] = None,
    max_record: Annotated[
        int,
        _option(
            "--max-record",
            panel=_READING,
            help="The largest record to read, in bytes.",
            metavar="BYTES",
            min=1,
        ),
    ] = defaults.MAX_RECORD,
    model: Annotated[
        str,
        _option(
            "-m",
            "--model",
            panel=_JUDGING,
            help="A model, model:QUANT, or the path of a GGUF.",
            metavar="MODEL",
        ),
    ] = defaults.MODEL,
    threshold: Annotated[
        float,
        _option("--threshold", panel=_JUDGING, help="Unsafe from this score on.", metavar="SCORE"),
    ] = defaults.THRESHOLD,
    settle: Annotated[
        float,
        _option(
            "--settle",
            panel=_JUDGING,
            help="Judge again alone what scores this near to the threshold.",
            metavar="DISTANCE",
        ),
    ] = defaults.SETTLE,
    deterministic: Annotated[
        bool,
        _option(
            "--deterministic",
            panel=_JUDGING,
            help="Judge every text alone, with every numeric setting fixed.",
        ),
    ] = False,
    family: Annotated[
        str | None,
        _option(
            "--family",
            panel=_JUDGING,
            help="The wrapper of the prompt: qwen, gemma or llama; else the vocabulary tells.",
            metavar="NAME",
        ),
    ] = None,
    show_prompt: Annotated[
        bool,
        _option(
            "--show-prompt",
            panel=_JUDGING,
            help="Show what the model would be given, and judge nothing.",
        ),
    ] = False,
    device: Annotated[
        Device,
        _option("--device", panel=_MACHINE, help="Where the model runs."),
    ] = "auto",
    threads: Annotated[
        int | None,
        _option(
            "--threads",
            panel=_MACHINE,
            help="Threads on the CPU; else as many as this process may use.",
            metavar="N",
            min=1,
        ),
    ] = None,
    gpu_layers: Annotated[
        int | None,
        _option(
            "--gpu-layers",
            panel=_MACHINE,
            help="Layers on the GPU; else all of them.",
            metavar="N",
            min=0,
        ),
    ] = None,
    ctx: Annotated[
        int | None,
        _option(
            "--ctx",
            panel=_MACHINE,
            help="The context in tokens: the longest prompt, and the room for a batch.",
            metavar="TOKENS",
            min=256,
        ),
    ] = None,
    output_format: Annotated[
        Form | None,
        _option(
            "-o",
            "--output-format",
            panel=_WRITING,
            help="The form of the output; else text for a terminal and jsonl for anything else.",
        ),
    ] = None,
    only: Annotated[
        Label | None,
        _option(
            "--only",
            panel=_WRITING,
            help="Pass on only the records with this label, byte for byte.",
            env=False,
        ),
    ] = None,
    quiet: Annotated[
        bool,
        _option(
            "-q", "--quiet", panel=_WRITING, help="Write nothing; the exit status tells.", env=False
        ),
    ] = False,
    exit_code: Annotated[
        bool,
        _option("--exit-code", panel=_WRITING, help="End with status 1 if anything was unsafe."),
    ] = False,
    key: Annotated[
        str,
        _option(
            "--key", panel=_WRITING, help="The key that verdicts are added under.", metavar="KEY"
        ),
    ] = defaults.KEY,
    replace: Annotated[
        bool,
        _option("--replace", panel=_WRITING, help="Overwrite the key where a record has it."),
    ] = False,
    debug: Annotated[
        bool,
        _option("--debug", panel=_WRITING, help="Show the traceback of a bug."),
    ] = False,
) -> int:
    """Judge texts, files or standard input: safe or unsafe.

    Texts come from the arguments, from files (-f), or from standard input if neither is given.
    """
    from seaguard_cli.cli.check import CheckRequest, run_check
    from seaguard_cli.records import Form, Format

    del debug
    return run_check(
        CheckRequest(
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
            max_record=max_record,
            model=model,
            family=family,
            threshold=threshold,
            settle=settle,
            deterministic=deterministic,
            device=device,
            threads=threads,
            gpu_layers=gpu_layers,
            ctx=ctx,
            only=only,
            quiet=quiet,
            exit_code=exit_code,
            key=key,
            replace=replace,
            show_prompt=show_prompt,
        ),
        context.obj,
    )


def option_names() -> frozenset[str]:
    """Give the parameters that `config.toml` may set: those that have an environment variable."""
    command = typer.main.get_command(app)
    commands = getattr(command, "commands", {}).values()
    return frozenset(
        parameter.name
        for one in commands
        for parameter in one.params
        if parameter.envvar and parameter.name
    )
