"""`check --show-prompt`: what the model would be given, segment by segment, without judging."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seaguard_cli.cli.messages import wording
from seaguard_cli.cli.report import Report
from seaguard_cli.engine import Flush, TokenSegment
from seaguard_cli.exits import Exit
from seaguard_cli.guard import Guard
from seaguard_cli.pipeline import Incoming
from seaguard_cli.records import Form, Header, Sink, literal
from seaguard_cli.turns import items_of
from seaguard_cli.verdict import Item


def show_prompts(
    incoming: Iterable[Incoming], guard: Guard, form: Form, sink: Sink, report: Report
) -> Exit:
    """Write the segments of each item: for a person, or one JSON object a line.

    Records that hold no item are told on standard error; the status says whether there were any.
    """
    failed = False

    def items() -> Iterator[Item]:
        nonlocal failed
        for one in incoming:
            if isinstance(one, Flush | Header):
                continue
            for item in items_of(one):
                if isinstance(item, Item):
                    yield item
                    continue
                failed = True
                report.error(f"line {one.line}: {item.code}: {literal(wording(item))}")

    for segments in guard.show(items()):
        lines = _for_a_person(segments) if form is Form.TEXT else _json_line(segments)
        sink.write(lines)
    return Exit.UNJUDGED if failed else Exit.OK


def _for_a_person(segments: list[TokenSegment]) -> bytes:
    lines = []
    for one in segments:
        ids = " ".join(map(str, one.ids))
        trust = "trusted  " if one.segment.trusted else "untrusted"
        lines.append(f"{trust}  {literal(one.segment.text)}\n           {ids}\n")
    return ("".join(lines) + "\n").encode("utf-8", "backslashreplace")


def _json_line(segments: list[TokenSegment]) -> bytes:
    import orjson

    parts = [
        {"trusted": one.segment.trusted, "text": one.segment.text, "ids": one.ids}
        for one in segments
    ]
    return orjson.dumps({"segments": parts}, option=orjson.OPT_APPEND_NEWLINE)
