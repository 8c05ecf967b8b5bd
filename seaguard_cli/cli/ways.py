"""The ways to a model's weights when none is pinned: shown, and one of them chosen by a person."""

from __future__ import annotations

from collections.abc import Sequence

from seaguard_cli.cli.ask import ask, can_ask
from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.report import Report
from seaguard_cli.cli.sizes import size_words
from seaguard_cli.errors import Interrupted, SourceOpen
from seaguard_cli.weights import Model
from seaguard_cli.weights.pulling import Building, Found

BUILD = "build"


def choose(
    model: Model,
    quant: str,
    found: Sequence[Found],
    building: Building | None,
    environment: Environment,
    report: Report,
) -> str:
    """Give the repo that a person picks, or BUILD.

    Raises SourceOpen with the commands to choose from where no one can be asked, and Interrupted
    when nothing is picked.
    """
    usable = [one for one in found if quant in one.quants]
    if not can_ask(environment):
        for one in found:
            if one not in usable:
                report.note(_described(one, quant))
        raise SourceOpen(
            model=f"{model.short}:{quant}", ways=_commands(model, quant, usable, building)
        )
    report.note(f"{model.short}:{quant}: no source of its weights is pinned; there are")
    for one in found:
        number = f"{usable.index(one) + 1}" if one in usable else "-"
        report.note(f"  {number}  {_described(one, quant)}")
    if building:
        report.note(f"  b  {_build_words(building)}")
    return _picked(usable, building, environment, report)


def described_json(
    found: Sequence[Found], building: Building | None
) -> tuple[list[dict[str, object]], dict[str, object] | None]:
    """Give the choices as JSON has them."""
    repos: list[dict[str, object]] = [
        {
            "repo": one.repo,
            "uploader": one.uploader,
            "downloads": one.downloads,
            "declared": one.declared,
            "known": one.known,
            "quants": dict(one.quants),
        }
        for one in found
    ]
    return repos, {"repo": building.repo, "size": building.size} if building else None


def _picked(
    usable: Sequence[Found],
    building: Building | None,
    environment: Environment,
    report: Report,
) -> str:
    numbers = {str(number): one.repo for number, one in enumerate(usable, 1)}
    keys = [*numbers, *(["b"] if building else [])]
    while keys:
        answer = ask(environment, f"which one ({', '.join(keys)}; nothing to leave)?").lower()
        if not answer:
            break
        if answer in numbers:
            return numbers[answer]
        if answer == "b" and building:
            return BUILD
        report.note(f"{answer!r} is none of them")
    raise Interrupted


def _commands(model: Model, quant: str, usable: Sequence[Found], building: Building | None) -> str:
    command = f"  seaguard pull {model.short}:{quant}"
    lines = [f"{command} --source {one.repo}  ({_facts(one, quant)})" for one in usable]
    if building:
        lines.append(f"{command} --build  ({_build_words(building)})")
    if not lines:
        lines = [f"{command} --source OWNER/NAME  (none was found; give one that you know)"]
    return "\n".join(lines)


def _described(one: Found, quant: str) -> str:
    return f"{one.repo}: {_facts(one, quant)}"


def _facts(one: Found, quant: str) -> str:
    size = one.quants.get(quant)
    others = ", ".join(sorted(name for name in one.quants if name != quant))
    parts = [
        f"by {one.uploader}",
        f"{one.downloads:,} downloads",
        (f"{quant} {size_words(size) if size else 'of unknown size'}")
        if quant in one.quants
        else f"no {quant}",
    ]
    if others:
        parts.append(f"also {others}" if quant in one.quants else f"but {others}")
    if one.known:
        parts.append("known to seaguard")
    elif not one.declared:
        parts.append("by its name only: it declares no base model")
    return "; ".join(parts)


def _build_words(building: Building) -> str:
    size = f"{size_words(building.size)} of " if building.size else ""
    return f"fetch {size}{building.repo}, by its makers, and convert it on this machine"
