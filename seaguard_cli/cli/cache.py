"""`seaguard cache`: what is kept between runs, and an end to it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass

from seaguard_cli.cache import Cache, Overview
from seaguard_cli.cli.ask import agreed, can_ask
from seaguard_cli.cli.envelope import json_result
from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.report import Report
from seaguard_cli.cli.sink import Output
from seaguard_cli.cli.sizes import size_words
from seaguard_cli.errors import CacheFailed, UsageError
from seaguard_cli.exits import Exit
from seaguard_cli.records.literal import literal


@dataclass(frozen=True, slots=True)
class CacheRequest:
    """What the person asked for; `limit` is the most scores that runs keep."""

    limit: int
    json: bool = False


@dataclass(frozen=True, slots=True)
class ClearRequest:
    """What the person asked for: one attribute an option."""

    dry_run: bool = False
    yes: bool = False
    json: bool = False


def run_cache(request: CacheRequest, environment: Environment) -> Exit:
    """Show what the cache holds. Raises CacheFailed."""
    with json_result("cache", environment, wanted=request.json) as result:
        overview = Cache().overview()
        result |= asdict(overview) | {"path": str(overview.path), "limit": request.limit}
    if not request.json:
        _show(overview, request.limit, environment)
    return Exit.OK


def run_cache_clear(request: ClearRequest, environment: Environment) -> Exit:
    """Forget everything that is kept. Raises CacheFailed and UsageError.

    A person at a terminal is asked; anywhere else --yes has to be said.
    """
    report = Report(environment)
    cache = Cache()
    with json_result("cache clear", environment, wanted=request.json) as result:
        what = _what(cache)
        result |= {"path": str(cache.path), "size": cache.size(), "cleared": False}
        if what is None:
            report.note("the cache is empty")
            return Exit.OK
        if request.dry_run:
            report.note(f"would clear {what} in {cache.path}")
        if request.dry_run or not _allowed(request, what, environment):
            return Exit.OK
        cache.clear()
        report.note(f"cleared {what}")
        result["cleared"] = True
    return Exit.OK


def _what(cache: Cache) -> str | None:
    """Give what would go, in words; None for an empty cache. One that cannot be read goes whole."""
    with suppress(CacheFailed):
        entries = cache.overview().entries
        return f"{entries:,} score{'' if entries == 1 else 's'}" if entries else None
    return f"{size_words(cache.size())} that cannot be read"


def _allowed(request: ClearRequest, what: str, environment: Environment) -> bool:
    if request.yes:
        return True
    if not can_ask(environment):
        raise UsageError(
            problem=f"this clears {what}, and no one can be asked",
            remedy="say --yes, or look first with --dry-run",
        )
    return agreed(environment, f"clear {what}?")


def _show(overview: Overview, limit: int, environment: Environment) -> None:
    """Write a line for each fact: aligned for a person, with a tab for a program."""
    terminal = environment.stdout_terminal
    days = (overview.least_used, overview.last_used)
    rows = {
        "scores": f"{overview.entries:,} of at most {limit:,}" if terminal else overview.entries,
        "limit": None if terminal else limit,
        "size": size_words(overview.size) if terminal else overview.size,
        "taken": f"{overview.hits:,} times" if terminal else overview.hits,
        "last used": " to ".join(map(str, dict.fromkeys(days))) if all(days) else None,
        "path": literal(str(overview.path)),
    }
    line = "{:<9}  {}\n" if terminal else "{}\t{}\n"
    told = "".join(line.format(*row) for row in rows.items() if row[1] is not None)
    Output(environment.stdout).write(told.encode())
