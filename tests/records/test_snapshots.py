"""Each output form against a file of its own; SEAGUARD_SNAPSHOTS=write makes them anew."""

from __future__ import annotations

import os
from itertools import cycle
from pathlib import Path

import pytest

from seaguard_cli.errors import Failure
from seaguard_cli.records import Form, Format, Header, Look, open_writer
from seaguard_cli.verdict import Verdict

from .helpers import MODEL, SAFE, UNSAFE, Sink, filtered, records

HERE = Path(__file__).parent / "snapshots"
OUTCOMES = (UNSAFE, SAFE, Verdict("unsafe", None, 0.25, "response", MODEL, low_mass=True))
INPUTS = {
    "lines": (
        Format.JSONL,
        b'{"id": 7, "text": "\xe0\xb8\xaa\xe0\xb8\xb5"}\n'
        b'{"id":1180591620717411303424,"text":"\\u0e01 \\u001b[2J","n":1E5 }\r\n'
        b'"a string"\n'
        b"\n"
        b'{"id": 9}\n'
        b'{"text": 5}\n'
        b'{"text": "a", "te\\u0078t": "b"}\n'
        b'{"text": "a", "seaguard": {}}\n'
        b'{"text": "\xff"}\n'
        b"[NaN]\n"
        b'{"prompt": "how", "response": "so"}\n'
        b"{}\n"
        b"17",
    ),
    "table": (
        Format.CSV,
        b'id,text\r\n1,plain\r\n2,"a ""quoted"" word,\r\nover two lines"\r\n3\r\n4,"open\r\n5,last',
    ),
    "texts": (
        Format.TEXT,
        "Xin chào\n\nမင်္ဂလာပါ \u202e\x07\r\n".encode() + b"\xff\n" + b"long " * 30,
    ),
}


def worded(failure: Failure) -> str:
    # No facts: among them are another parser's words, which its next version may change.
    return f"why it is {failure.code}"


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("form", [*(form for form in Form if form is not Form.PARQUET), "only"])
def test_the_output_is_what_it_was(name: str, form: Form | str) -> None:
    headers: list[Header] = []
    found = records(INPUTS[name][1], INPUTS[name][0], headers=headers, key="seaguard")
    pairs = [(record, record.failure or outcome) for record, outcome in zip(found, cycle(OUTCOMES))]
    if isinstance(form, Form):
        sink = Sink()
        writer = open_writer(form, sink, wording=worded, look=Look(form is Form.TEXT, 60))
        for header in headers:
            writer.header(header)
        for record, outcome in pairs:
            writer.write(record, outcome)
        writer.close()
        written = sink.data
    else:
        written = filtered(pairs, headers=headers)
    path = HERE / f"{name}.{form}"
    if os.environ.get("SEAGUARD_SNAPSHOTS") == "write":
        path.write_bytes(written)
    assert written == path.read_bytes()
