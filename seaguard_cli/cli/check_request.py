"""What a person asks of `seaguard check`."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from seaguard_cli import defaults
from seaguard_cli.records import Form, Format
from seaguard_cli.verdict import Label, Task

# An option that a variable or config.toml sets, and those on the command line that put it out.
_GIVES_WAY_TO = {
    "output_format": ("only", "quiet", "show_prompt"),
    "out": ("only", "quiet", "show_prompt", "split"),
    "split": ("only", "quiet", "show_prompt", "out"),
    "field": ("prompt_field", "response_field"),
    "prompt_field": ("field",),
    "response_field": ("field",),
    "input_format": ("whole",),
    "whole": ("input_format",),
    "with_source": ("only", "quiet", "show_prompt"),
}
# An option that says something of another, and without that one is put out likewise.
_SAYS_OF = {"json": "summary", "resume": "out"}
# What is given back by other means (the input by its digest, the model by that of its weights),
# or changes neither verdicts nor their form.
_OF_NO_MATTER = {
    "texts", "files", "response", "model", "offline", "device", "threads", "gpu_layers",
    "only", "quiet", "exit_code", "show_prompt", "cache", "cache_limit",
    "out", "resume", "split", "summary", "json", "verbose",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What the person asked for: one attribute an option."""

    texts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    response: str | None = None
    input_format: Format | None = None
    whole: bool = False
    field: str | None = None
    prompt_field: str | None = None
    response_field: str | None = None
    task: Task | None = None
    each_turn: bool = False
    max_record: int = defaults.MAX_RECORD
    model: str = defaults.MODEL
    family: str | None = None
    threshold: float = defaults.THRESHOLD
    settle: float = defaults.SETTLE
    deterministic: bool = False
    max_window: int | None = None
    overlap: int | None = None
    max_windows: int | None = None
    cache: bool = False
    cache_limit: int = defaults.CACHE_LIMIT
    device: Literal["auto", "cpu", "gpu"] = "auto"
    threads: int | None = None
    gpu_layers: int | None = None
    ctx: int | None = None
    output_format: Form | None = None
    only: Label | None = None
    quiet: bool = False
    exit_code: bool = False
    key: str = defaults.KEY
    replace: bool = False
    with_source: bool = False
    show_prompt: bool = False
    offline: bool = False
    out: str | None = None
    resume: bool = False
    split: str | None = None
    summary: bool = False
    json: bool = False
    verbose: bool = False

    def settings(self) -> dict[str, Any]:
        """Give what verdicts and their form follow from, by name: a run must end as it began."""
        names = (one.name for one in fields(self) if one.name not in _OF_NO_MATTER)
        return {name.replace("_", " "): getattr(self, name) for name in names}

    def for_command_line(self, given: Set[str]) -> CheckRequest:
        """Give the request without the settings that do not go with the options `given`."""
        put_out = {
            name
            for name, options in _GIVES_WAY_TO.items()
            if name not in given and not given.isdisjoint(options)
        }
        put_out |= {
            name
            for name, other in _SAYS_OF.items()
            if name not in given and (other in put_out or not getattr(self, other))
        }
        standard: dict[str, Any] = {
            one.name: one.default for one in fields(self) if one.name in put_out
        }
        return replace(self, **standard)
