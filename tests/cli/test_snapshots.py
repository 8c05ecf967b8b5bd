"""Each output form against a file of its own; SEAGUARD_SNAPSHOTS=write makes them anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .helpers import check

pytestmark = pytest.mark.usefixtures("fake")

HERE = Path(__file__).parent / "snapshots"
# Read before the variables of a test are cleared.
WRITE = os.environ.get("SEAGUARD_SNAPSHOTS") == "write"
RECORDS = (
    '{"id": 1, "text": "How do I bake banana bread?"}\n'
    '{"id":2 , "text":"a bomb \\u0e01\\u001b[31m", "n": 1E5}\r\n'
    '{"id": 3}\n'
    '{"prompt": "a bomb", "response": "No, I will not help with that."}\n'
    '"doubtful [b]markup[/b]"\n'
    "\n"
    '{"id": 4, "text": "too long"}\n'
    '{"id": 5, "text": "no number"}\n'
    '{"id": 6, "text": "' + "สวัสดีครับ มาเลเซีย " * 6 + '"}\n'
    '{"id": 7, "text": "hello", "seaguard": "mine"}\n'
).encode()
TABLE = b'id,text,note\r\n1,hello,\r\n2,"a bomb, ""big""",x\r\n3,short\r\n4,no number,y\r\n'
TEXTS = "Xin chào\n\na bomb\nမင်္ဂလာပါ \u202e\x07\n".encode() + b"\xff\nlast"
DARK = {"NO_COLOR": "1"}
RUNS: dict[str, tuple[tuple[str, ...], bytes, str, dict[str, str]]] = {
    "records.default": ((), RECORDS, "", {}),
    "records.jsonl": (("-o", "jsonl"), RECORDS, "", {}),
    "records.json": (("-o", "json"), RECORDS, "", {}),
    "records.csv": (("-o", "csv"), RECORDS, "", {}),
    "records.labels": (("-o", "labels"), RECORDS, "", {}),
    "records.text": (("-o", "text"), RECORDS, "", {}),
    "records.terminal": ((), RECORDS, "out err", {"COLUMNS": "60"}),
    "records.terminal-without-colour": ((), RECORDS, "out err", {"COLUMNS": "60"} | DARK),
    "records.terminal-without-features": ((), RECORDS, "out err", {"TERM": "dumb"}),
    "records.terminal-narrow": ((), RECORDS, "out err", {"COLUMNS": "30"}),
    "records.terminal-jsonl": (("-o", "jsonl"), RECORDS, "out err", {}),
    "records.key": (("--key", "verdict"), RECORDS, "", {}),
    "records.replace": (("--replace",), RECORDS, "", {}),
    "records.only-unsafe": (("--only", "unsafe"), RECORDS, "", {}),
    "records.only-safe": (("--only", "safe"), RECORDS, "", {}),
    "records.only-terminal": (("--only", "unsafe"), RECORDS, "out err", {}),
    "records.quiet": (("-q",), RECORDS, "", {}),
    "table.jsonl": (("--input-format", "csv"), TABLE, "", {}),
    "table.csv": (("--input-format", "csv", "-o", "csv"), TABLE, "", {}),
    "table.only-unsafe": (("--input-format", "csv", "--only", "unsafe"), TABLE, "", {}),
    "table.header-alone": (("--input-format", "csv", "-o", "csv"), b"id,text\n", "", {}),
    "texts.default": ((), TEXTS, "", {}),
    "texts.text": (("-o", "text"), TEXTS, "", {}),
    "texts.terminal": ((), TEXTS, "out err", {"COLUMNS": "40"}),
    "texts.whole": (("--whole",), TEXTS.replace(b"\xff", b""), "", {}),
    "arguments.default": (("hello", "a bomb", ""), b"", "", {}),
    "arguments.response": (("a bomb", "--response", "No."), b"", "", {}),
    "arguments.response-csv": (("a bomb", "--response", "No.", "-o", "csv"), b"", "", {}),
}


@pytest.mark.parametrize("name", RUNS)
def test_what_is_written_and_told_is_what_it_was(name: str) -> None:
    arguments, stdin, terminals, variables = RUNS[name]
    ran = check(*arguments, stdin=stdin, terminals=terminals, variables=variables)
    told = f"status {int(ran.status)}\n{ran.err}"
    for part, data in (("out", ran.out), ("err", told.encode())):
        path = HERE / f"{name}.{part}"
        if WRITE:
            path.write_bytes(data)
        assert data == path.read_bytes(), path.name


def test_every_file_is_of_a_run() -> None:
    expected = {f"{name}.{part}" for name in RUNS for part in ("out", "err")}
    assert {path.name for path in HERE.iterdir()} == expected
