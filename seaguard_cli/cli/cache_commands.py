"""The commands about the cache, as Typer reads them from these signatures."""

from __future__ import annotations

from functools import partial

import typer

from seaguard_cli import defaults
from seaguard_cli.cli import options
from seaguard_cli.cli import weights_options as wanted
from seaguard_cli.cli.help import Command, Group
from seaguard_cli.cli.job import Job

_EPILOG = """\
Examples:
  seaguard check --cache -f posts.jsonl > judged.jsonl
  seaguard cache
  seaguard cache clear --yes

What is kept:
  Two numbers for each prompt that was judged with --cache, under an HMAC of
  weights, settings and prompt with a random key of this installation, and the
  day of its last use. No text, and nothing to tell a text from without the key.
  Clearing replaces the key, too."""

cache_app = typer.Typer(cls=Group, invoke_without_command=True, rich_markup_mode=None)


def add_commands(app: typer.Typer) -> None:
    """Add cache and cache clear."""
    about = "Show the scores that are kept between runs, or clear them."
    app.add_typer(cache_app, name="cache", help=about, epilog=_EPILOG)


@cache_app.callback()
def cache(
    context: typer.Context,
    cache_limit: options.CacheLimit = defaults.CACHE_LIMIT,
    json: wanted.Json = False,
    debug: options.Debug = False,
) -> Job | None:
    """Show the scores that are kept between runs, or clear them."""
    if context.invoked_subcommand:
        return None
    from seaguard_cli.cli.cache import CacheRequest, run_cache

    return Job(partial(run_cache, CacheRequest(cache_limit, json)), debug)


@cache_app.command("clear", cls=Command)
def cache_clear(
    dry_run: wanted.DryRun = False,
    yes: wanted.Yes = False,
    json: wanted.Json = False,
    debug: options.Debug = False,
) -> Job:
    """Forget every score, and the key that they were kept under."""
    from seaguard_cli.cli.cache import ClearRequest, run_cache_clear

    return Job(partial(run_cache_clear, ClearRequest(dry_run, yes, json)), debug)
