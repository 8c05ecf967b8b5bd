"""What `bench` measured: as a table for a person, as Markdown, CSV or JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from seaguard_cli.bench.bench import Result
from seaguard_cli.bench.sweep import Trial
from seaguard_cli.bench.texts import LENGTHS
from seaguard_cli.cli.environment import Environment
from seaguard_cli.cli.sink import Output
from seaguard_cli.cli.sizes import size_words
from seaguard_cli.records.literal import literal

_HEADINGS = ("setting", "value", "tokens/s", "runs differ by", "taken")
_CSV_HEADINGS = ("kind", "name", "value", "number", "unit", "runs", "taken")


def json_of(result: Result, kept: str | None) -> dict[str, object]:
    """Give the members of the JSON object; speeds in tokens/s and texts/s, memory in bytes."""
    found, first = result.found, result.first
    return {
        "model": result.model,
        "processors": result.machine.processors,
        "gpus": [gpu.name for gpu in result.machine.gpus],
        "complete": result.complete,
        "busy": result.busy,
        "trials": [
            {
                "setting": one.setting,
                "value": one.value,
                "tokens_per_second": one.best,
                "runs": one.rates,
                "chosen": one.chosen,
            }
            for one in result.trials
        ],
        "winner": {name: getattr(found, name) for name in type(found).__dataclass_fields__},
        "as_by_rule": result.winner == result.rule,
        "texts_per_second": result.texts,
        "first_verdict_seconds": first.seconds if first else None,
        "first_verdict_peak_memory": first.peak if first else None,
        "stream_peak_memory": result.peak,
        "kept_in": kept,
    }


def csv_of(result: Result) -> str:
    """Give CSV: a row for each value that was tried, then one for each figure."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_CSV_HEADINGS)
    for one in result.trials:
        best = "" if one.best is None else f"{one.best:.2f}"
        taken = "yes" if one.chosen else "no"
        writer.writerow(("trial", one.setting, one.value, best, "tokens/s", len(one.rates), taken))
    for name, number, unit in _figures(result):
        writer.writerow(("figure", name, "", number, unit, "", ""))
    return text.getvalue()


def markdown_of(result: Result) -> str:
    """Give two Markdown tables under a line that says what was measured."""
    lines = [f"`{literal(result.model)}`, {_machine(result)}", ""]
    lines += _markdown(_HEADINGS, [_cells(one) for one in result.trials])
    lines += ["", *_markdown(("measured with what won", ""), _summary(result)), ""]
    lines += [f"{winner_words(result)}.", ""]
    return "\n".join(lines)


def show(result: Result, environment: Environment) -> None:
    """Write the tables for a terminal, in colour where it is welcome."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    text = io.StringIO()
    colour = environment.colour and environment.stdout_terminal
    console = Console(
        file=text,
        width=environment.width,
        force_terminal=colour,
        no_color=not colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
    )
    title = Text(f"{literal(result.model)}, {_machine(result)}")
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right" if heading in _HEADINGS[2:4] else "left")
    before = ""
    for one in result.trials:
        if before and one.setting != before:
            table.add_section()
        cells = _cells(one)
        shown = ("" if one.setting == before else cells[0], *cells[1:])
        table.add_row(*map(Text, shown), style="bold green" if one.chosen else None)
        before = one.setting
    console.print(table)
    figures = Table(box=None, show_header=False, pad_edge=False)
    for name, said in _summary(result):
        figures.add_row(Text(name), Text(said))
    console.print(figures)
    Output(environment.stdout).write(text.getvalue().encode())


def winner_words(result: Result) -> str:
    """Give what won, in a sentence."""
    if not result.trials:
        return "there was nothing to choose from on this machine"
    unfinished = "" if result.complete else "; not all was measured, --budget gives it more time"
    if result.winner == result.rule:
        return f"nothing was faster than the rule's settings: {result.winner.settings}{unfinished}"
    return f"fastest here: {result.winner.settings}{unfinished}"


def _machine(result: Result) -> str:
    count = result.machine.processors
    parts = [f"{count} processor{'' if count == 1 else 's'}"]
    return ", ".join(parts + [literal(gpu.name) for gpu in result.machine.gpus])


def _cells(one: Trial) -> tuple[str, ...]:
    if one.best is None:
        return one.setting, one.value, "no time", "", "yes" if one.chosen else ""
    differ = f"{one.noise:.0%}" if len(one.rates) > 1 else "one run"
    speed = f"{one.best:,.1f}" if one.best else "does not run"
    return one.setting, one.value, speed, differ, "yes" if one.chosen else ""


def _summary(result: Result) -> list[tuple[str, str]]:
    rows = [
        (f"{length} texts, about {LENGTHS[length]} words", f"{rate:,.2f} texts/s")
        for length, rate in result.texts.items()
    ]
    if first := result.first:
        rows.append(("first verdict, whole process, second run", f"{first.seconds:.2f} s"))
        if first.peak:
            rows.append(("its peak memory", size_words(first.peak)))
    if result.peak:
        rows.append(("peak memory of a stream", size_words(result.peak)))
    return rows


def _figures(result: Result) -> Iterator[tuple[str, str, str]]:
    for length, rate in result.texts.items():
        yield f"{length} texts", f"{rate:.3f}", "texts/s"
    if result.first:
        yield "first verdict", f"{result.first.seconds:.3f}", "s"
        if result.first.peak:
            yield "first verdict peak memory", str(result.first.peak), "bytes"
    if result.peak:
        yield "stream peak memory", str(result.peak), "bytes"


def _markdown(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    lines = [headings, tuple("---" for _ in headings), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
