"""The options of the commands about weights."""

from __future__ import annotations

from typing import Annotated

import typer

from seaguard_cli.cli.options import _option

_WEIGHTS = "Where from"
_RUN = "This run"

ModelName = Annotated[
    str,
    typer.Argument(metavar="MODEL[:QUANT]", show_default=False, help="A model, as qwen-4b:Q8_0."),
]
Removable = Annotated[
    str,
    typer.Argument(
        metavar="MODEL[:QUANT]|OWNER/NAME",
        show_default=False,
        help="A model, or a repo whose safetensors `convert` fetched.",
    ),
]
SomeModel = Annotated[
    str | None,
    typer.Argument(
        metavar="[MODEL[:QUANT]]",
        show_default=False,
        help="A model, or the path of a GGUF; else everything that is here.",
    ),
]
SourceRepo = Annotated[
    str | None,
    _option(
        "--source",
        panel=_WEIGHTS,
        help="The repo on the Hub to fetch a GGUF from.",
        metavar="OWNER/NAME",
    ),
]
Build = Annotated[
    bool,
    _option(
        "--build",
        panel=_WEIGHTS,
        help="Fetch the official safetensors and convert them on this machine.",
    ),
]
Offline = Annotated[
    bool,
    _option("--offline", panel=_WEIGHTS, help="Never touch the network."),
]
DryRun = Annotated[
    bool,
    _option("--dry-run", panel=_RUN, help="Tell what would be done, and do nothing."),
]
Canaries = Annotated[
    bool,
    _option(
        "--canaries/--no-canaries",
        panel=_RUN,
        help="Let the model judge a few plain texts.",
    ),
]
Json = Annotated[
    bool,
    _option("--json", panel=_RUN, help="Write the result to standard output as JSON."),
]
Yes = Annotated[
    bool,
    _option("-y", "--yes", panel=_RUN, help="Remove without asking."),
]
Checkpoint = Annotated[
    str,
    typer.Argument(
        metavar="FOLDER|OWNER/NAME",
        show_default=False,
        help="The folder of a checkpoint as saved on the Hub, or its repo there.",
    ),
]
Revision = Annotated[
    str | None,
    _option(
        "--revision",
        panel=_WEIGHTS,
        help="The commit, branch or tag of the repo; else its main branch.",
        metavar="NAME",
    ),
]
Keep = Annotated[
    bool,
    _option(
        "--keep",
        panel=_WEIGHTS,
        help="Keep the fetched safetensors for further quants, until `seaguard rm OWNER/NAME`.",
    ),
]
Out = Annotated[
    str | None,
    _option(
        "-o",
        "--out",
        panel=_RUN,
        help="The file to write, or its folder; {quant} in a name stands for the quant.",
        metavar="PATH",
    ),
]
Quants = Annotated[
    list[str] | None,
    _option(
        "--quant",
        panel=_RUN,
        help="A quant to make, again and again; else Q4_K_M.",
        metavar="QUANT",
    ),
]
Overwrite = Annotated[
    bool, _option("--overwrite", panel=_RUN, help="Replace files that are there already.")
]
