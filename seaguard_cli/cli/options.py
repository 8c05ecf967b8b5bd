"""The options of the commands, each declared once: name, variable, panel and help."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from seaguard_cli import defaults

# Spelled out here and not imported: TAB and --help would pay for the readers and writers.
InputFormats = Literal["text", "jsonl", "json", "csv", "tsv", "parquet"]
OutputFormats = Literal["text", "jsonl", "json", "csv", "labels", "parquet"]
Tasks = Literal["prompt", "response"]
Labels = Literal["safe", "unsafe"]
Devices = Literal["auto", "cpu", "gpu"]

_READING = "What is read"
_JUDGING = "How it is judged"
_MACHINE = "On this machine"
_WRITING = "What is written"
_TELLING = "What is told"


def _option(*names: str, panel: str, help: str, env: bool = True, **more: Any) -> Any:
    """Give an option with its environment variable: SEAGUARD_ and its long name."""
    long = names[-1].partition("/")[0]
    variable = "SEAGUARD_" + long.removeprefix("--").replace("-", "_").upper()
    return typer.Option(
        *names,
        envvar=variable if env else None,
        # A rule that the epilog tells; spelled out, it doubles the length of the help.
        show_envvar=False,
        rich_help_panel=panel,
        help=help,
        **more,
    )


Texts = Annotated[
    list[str] | None,
    typer.Argument(metavar="[TEXT]...", show_default=False, help="The texts to judge."),
]
Files = Annotated[
    list[str] | None,
    _option(
        "-f",
        "--file",
        panel=_READING,
        help="A file to judge, or a pattern in quotes ('logs/*.jsonl'); .gz and .zst are "
        "unpacked; may be given again and again; - is standard input.",
        env=False,
        metavar="FILE",
    ),
]
Response = Annotated[
    str | None,
    _option(
        "--response",
        panel=_READING,
        help="Judge this response to the one TEXT.",
        metavar="TEXT",
    ),
]
InputFormat = Annotated[
    InputFormats | None,
    _option(
        "--input-format",
        panel=_READING,
        help="text, jsonl, json, csv, tsv or parquet; else the file's suffix tells, or its first "
        "bytes.",
        metavar="FORMAT",
    ),
]
Whole = Annotated[
    bool,
    _option("--whole", panel=_READING, help="Take each input as one text, not one a line."),
]
Field = Annotated[
    str | None,
    _option(
        "--field",
        panel=_READING,
        help="The field to judge, as message.body or prompts.0.text.",
        metavar="PATH",
    ),
]
PromptField = Annotated[
    str | None,
    _option("--prompt-field", panel=_READING, help="The field of the prompt.", metavar="PATH"),
]
ResponseField = Annotated[
    str | None,
    _option(
        "--response-field",
        panel=_READING,
        help="The field of the response to it.",
        metavar="PATH",
    ),
]
Task = Annotated[
    Tasks | None,
    _option(
        "--task",
        panel=_READING,
        help="Judge prompts, or responses; else what a record holds tells.",
    ),
]
MaxRecord = Annotated[
    int,
    _option(
        "--max-record",
        panel=_READING,
        help="The largest record to read, in bytes.",
        metavar="BYTES",
        min=1,
    ),
]
Model = Annotated[
    str,
    _option(
        "-m",
        "--model",
        panel=_JUDGING,
        help="A model, model:QUANT, or the path of a GGUF.",
        metavar="MODEL",
    ),
]
Threshold = Annotated[
    float,
    _option("--threshold", panel=_JUDGING, help="Unsafe from this score on.", metavar="SCORE"),
]
Settle = Annotated[
    float,
    _option(
        "--settle",
        panel=_JUDGING,
        help="Judge again alone what scores this near to the threshold.",
        metavar="DISTANCE",
    ),
]
Deterministic = Annotated[
    bool,
    _option(
        "--deterministic",
        panel=_JUDGING,
        help="Judge every text alone, with every numeric setting fixed.",
    ),
]
Family = Annotated[
    str | None,
    _option(
        "--family",
        panel=_JUDGING,
        help="The wrapper of the prompt: qwen, gemma or llama; else the vocabulary tells.",
        metavar="NAME",
    ),
]
ShowPrompt = Annotated[
    bool,
    _option(
        "--show-prompt",
        panel=_JUDGING,
        help="Show what the model would be given, and judge nothing.",
    ),
]
EachTurn = Annotated[
    bool,
    _option(
        "--each-turn",
        panel=_READING,
        help="Judge every turn of a conversation, not the last alone; the worst decides.",
    ),
]
MaxWindow = Annotated[
    int | None,
    _option(
        "--max-window",
        panel=_JUDGING,
        help="The longest prompt, 2048 unless it is said; what is longer is judged in windows, and "
        "the worst decides.",
        metavar="TOKENS",
        min=256,
    ),
]
Overlap = Annotated[
    int | None,
    _option(
        "--overlap",
        panel=_JUDGING,
        help="What neighbouring windows share; else an eighth of a window.",
        metavar="TOKENS",
        min=0,
    ),
]
MaxWindows = Annotated[
    int | None,
    _option(
        "--max-windows",
        panel=_JUDGING,
        help="Judge no more windows of a text than this, and say so; else all of them.",
        metavar="N",
        min=1,
    ),
]
Device = Annotated[
    Devices,
    _option("--device", panel=_MACHINE, help="Where the model runs."),
]
Threads = Annotated[
    int | None,
    _option(
        "--threads",
        panel=_MACHINE,
        help="Threads on the CPU; else as many as this process may use.",
        metavar="N",
        min=1,
        max=defaults.MOST_THREADS,
    ),
]
GpuLayers = Annotated[
    int | None,
    _option(
        "--gpu-layers",
        panel=_MACHINE,
        help="Layers on the GPU; else as many as fit.",
        metavar="N",
        min=0,
    ),
]
Ctx = Annotated[
    int | None,
    _option(
        "--ctx",
        panel=_MACHINE,
        help="The largest context that may be opened: no prompt and no batch is larger.",
        metavar="TOKENS",
        min=256,
    ),
]
Cache = Annotated[
    bool,
    _option(
        "--cache/--no-cache",
        panel=_MACHINE,
        help="Keep scores between runs, and take known ones: numbers under keyed hashes, no text.",
    ),
]
CacheLimit = Annotated[
    int,
    _option(
        "--cache-limit",
        panel=_MACHINE,
        help="The most scores to keep; those used least lately go first.",
        metavar="SCORES",
        min=1,
    ),
]
OutputFormat = Annotated[
    OutputFormats | None,
    _option(
        "-o",
        "--output-format",
        panel=_WRITING,
        help="text, jsonl, json, csv, labels or parquet; else text on a terminal and jsonl "
        "elsewhere.",
        metavar="FORM",
    ),
]
Only = Annotated[
    Labels | None,
    _option(
        "--only",
        panel=_WRITING,
        help="Pass on only the records with this label, byte for byte.",
        env=False,
    ),
]
Quiet = Annotated[
    bool,
    _option(
        "-q", "--quiet", panel=_WRITING, help="Write nothing; the exit status tells.", env=False
    ),
]
ExitCode = Annotated[
    bool,
    _option("--exit-code", panel=_WRITING, help="End with status 1 if anything was unsafe."),
]
Key = Annotated[
    str,
    _option("--key", panel=_WRITING, help="The key that verdicts are added under.", metavar="KEY"),
]
Replace = Annotated[
    bool,
    _option("--replace", panel=_WRITING, help="Overwrite the key where a record has it."),
]
WithSource = Annotated[
    bool,
    _option("--with-source", panel=_WRITING, help="Add the file and line that a record is from."),
]
Out = Annotated[
    str | None,
    _option(
        "--out",
        panel=_WRITING,
        help="Append to this file, whole lines only, with a journal beside it.",
        metavar="FILE",
    ),
]
Resume = Annotated[
    bool,
    _option(
        "--resume",
        panel=_WRITING,
        help="Go on with the run that wrote --out, where it stopped.",
    ),
]
Split = Annotated[
    str | None,
    _option(
        "--split",
        panel=_WRITING,
        help="Write safe, unsafe and error files into this folder.",
        metavar="FOLDER",
    ),
]
Summary = Annotated[
    bool,
    _option("--summary", panel=_TELLING, help="Tell at the end what the run came to."),
]
SummaryJson = Annotated[
    bool, _option("--json", panel=_TELLING, help="Tell the summary as a line of JSON.")
]
Verbose = Annotated[
    bool, _option("-v", "--verbose", panel=_TELLING, help="Tell what is done, and how.")
]
Debug = Annotated[
    bool,
    _option("--debug", panel=_TELLING, help="Show the traceback of a bug."),
]
Version = Annotated[bool, typer.Option("--version", help="Print the version and leave.")]
