"""The commands about weights, as Typer reads them from these signatures."""

from __future__ import annotations

from functools import partial

import typer

from seaguard_cli.cli import options
from seaguard_cli.cli import weights_options as wanted
from seaguard_cli.cli.help import Command, Group
from seaguard_cli.cli.job import Job

_PULL_EPILOG = """\
Examples:
  seaguard pull qwen-4b
  seaguard pull gemma-12b:Q8_0 --source mradermacher/Gemma-SEA-Guard-12B-2602-GGUF
  seaguard pull qwen-4b --build

Where from:
  A source that models.toml pins by its hash; else you choose: a GGUF of an
  uploader that you trust (--source), or the official weights converted here
  (--build). HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE are honoured."""

_CONVERT_EPILOG = """\
Examples:
  seaguard convert Qwen-SEA-Guard-4B-040226/
  seaguard convert checkpoint/ --quant Q4_K_M --quant Q8_0 -o 'guard-{quant}.gguf'
  seaguard convert aisingapore/Qwen-SEA-Guard-4B-040226 -o ~/models

What comes of it:
  What fails its canaries stays where it is, and the status is 4.

A repo of the Hub:
  Its safetensors are fetched into seaguard's folder and removed when the GGUF is
  made; --keep leaves them there. A run that was interrupted, or killed, goes on
  from what has come. HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE are honoured. A
  model that seaguard knows is made usable by its name with
  `seaguard pull MODEL --build`."""

models_app = typer.Typer(cls=Group, invoke_without_command=True, rich_markup_mode=None)


def add_commands(app: typer.Typer) -> None:
    """Add pull, models, rm, verify and convert."""
    app.command(cls=Command, epilog=_PULL_EPILOG)(pull)
    app.add_typer(models_app, name="models", help="List the models, and which are here.")
    app.command(cls=Command)(rm)
    app.command(cls=Command)(verify)
    app.command(cls=Command, epilog=_CONVERT_EPILOG)(convert)


def pull(
    model: wanted.ModelName,
    source: wanted.SourceRepo = None,
    build: wanted.Build = False,
    offline: wanted.Offline = False,
    dry_run: wanted.DryRun = False,
    canaries: wanted.Canaries = True,
    json: wanted.Json = False,
    debug: options.Debug = False,
) -> Job:
    """Get a model's weights onto this machine.

    An interrupted download goes on where it stopped. What has not the stated hash is never used.
    """
    from seaguard_cli.cli.pull import PullRequest, run_pull

    request = PullRequest(
        model=model,
        source=source,
        build=build,
        offline=offline,
        dry_run=dry_run,
        canaries=canaries,
        json=json,
    )
    return Job(partial(run_pull, request), debug)


@models_app.callback()
def models(
    context: typer.Context, json: wanted.Json = False, debug: options.Debug = False
) -> Job | None:
    """List the models that seaguard knows, what they take, and which are here."""
    if context.invoked_subcommand:
        return None
    from seaguard_cli.cli.models import ModelsRequest, run_models

    return Job(partial(run_models, ModelsRequest(json)), debug)


@models_app.command("path", cls=Command)
def models_path(model: wanted.ModelName, debug: options.Debug = False) -> Job:
    """Write the path of a model's file."""
    from seaguard_cli.cli.models import PathRequest, run_models_path

    return Job(partial(run_models_path, PathRequest(model)), debug)


def rm(
    model: wanted.Removable,
    dry_run: wanted.DryRun = False,
    yes: wanted.Yes = False,
    json: wanted.Json = False,
    debug: options.Debug = False,
) -> Job:
    """Delete weights that seaguard fetched or built.

    Without a quant every quant of the model. Nothing else is ever deleted.
    """
    from seaguard_cli.cli.rm import RmRequest, run_rm

    return Job(partial(run_rm, RmRequest(model, dry_run, yes, json)), debug)


def verify(
    model: wanted.SomeModel = None,
    canaries: wanted.Canaries = True,
    json: wanted.Json = False,
    debug: options.Debug = False,
) -> Job:
    """Check weights: hash, header, tensors, vocabulary, verdict tokens, canaries."""
    from seaguard_cli.cli.verify import VerifyRequest, run_verify

    return Job(partial(run_verify, VerifyRequest(model, canaries, json)), debug)


def convert(
    source: wanted.Checkpoint,
    out: wanted.Out = None,
    quant: wanted.Quants = None,
    revision: wanted.Revision = None,
    keep: wanted.Keep = False,
    offline: wanted.Offline = False,
    overwrite: wanted.Overwrite = False,
    threads: options.Threads = None,
    canaries: wanted.Canaries = True,
    dry_run: wanted.DryRun = False,
    json: wanted.Json = False,
    debug: options.Debug = False,
) -> Job:
    """Convert official safetensors to GGUF on this machine.

    The paths of what was made go to standard output, one a line.
    """
    from seaguard_cli.cli.convert import run_convert
    from seaguard_cli.cli.convert_request import ConvertRequest
    from seaguard_cli.weights.convert import DEFAULT

    request = ConvertRequest(
        source=source,
        out=out,
        quants=tuple(quant or (DEFAULT,)),
        revision=revision,
        keep=keep,
        offline=offline,
        overwrite=overwrite,
        threads=threads or 0,
        canaries=canaries,
        dry_run=dry_run,
        json=json,
    )
    return Job(partial(run_convert, request), debug)
