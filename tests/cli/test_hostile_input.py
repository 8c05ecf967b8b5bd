"""Whatever a record holds, it comes back in its own bytes, with the documented code and status."""

from __future__ import annotations

import base64
import json
import os
import re
import stat
from pathlib import Path

import pytest
from families.variants import Models

from .helpers import Ran, check, process

VERDICT = b'"seaguard": {"label": '
DEEP = b'{"text": "hello", "more": ' + b"[" * 5_000 + b"]" * 5_000 + b"}"


def tiny(*arguments: str, stdin: bytes = b"") -> Ran:
    ran = check("-m", "tiny", "--threads", "1", *arguments, stdin=stdin)
    assert "Traceback" not in ran.err
    assert "error: " not in ran.err
    return ran


def jsonl(*lines: bytes) -> Ran:
    return tiny("--input-format", "jsonl", stdin=b"\n".join(lines) + b"\n")


def own_bytes(line: bytes) -> bytes:
    """A judged line without the key that was spliced in."""
    own, found = re.subn(rb', "seaguard": \{[^{}]*(\{[^{}]*\})?\}', b"", line)
    assert found == 1
    return own


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b'{"id": 1180591620717411303424, "text": "hello"}', id="2**70"),
        pytest.param(b'{"text": "hello", "n": ' + b"9" * 6_000 + b"}", id="6,000 digits"),
        pytest.param(b'{"id": 1, "text": "hello", "id": 2, "id": 3}', id="duplicate keys"),
        pytest.param(b'{"text": "hello", "n": [1E5, 1e+05, 0.10, -0, 1.0]}', id="1E5"),
        pytest.param(b'{"b" :1,"text":  "\\u0e01 \\/ \\ud83d\\ude00","a":2 }', id="escapes"),
        pytest.param(b'{"text": "a\\u0000b"}', id="an escaped NUL"),
        pytest.param(b'{"text": ""}', id="an empty text"),
        pytest.param(b'  {"text": "hello"}  ', id="blanks around"),
        pytest.param('{"text": "မင်္ဂလာပါ สวัสดี"}'.encode(), id="other scripts"),
    ],
)
def test_a_record_that_can_be_judged_keeps_its_bytes(line: bytes) -> None:
    ran = jsonl(line)
    assert own_bytes(ran.lines[0]).rstrip() == line.rstrip()
    assert VERDICT in ran.lines[0]
    assert (len(ran.lines), ran.status) == (1, 0)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        pytest.param(b'{"id": 1, "text": 17}', "not_text", id="a number for a text"),
        pytest.param(b'{"id": 1, "text": null}', "not_text", id="null for a text"),
        pytest.param(b'{"id": 1, "txet": "hello"}', "missing_field", id="no field"),
        pytest.param(b'{"text": "a", "text": "b"}', "duplicate_field", id="the text twice"),
    ],
)
def test_an_object_that_cannot_be_judged_keeps_its_bytes(line: bytes, code: str) -> None:
    ran = jsonl(line)
    assert own_bytes(ran.lines[0]) == line
    assert (ran.labels, ran.status) == ([code], 3)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        pytest.param(b'{"text": "hello", "n": NaN}', "invalid_json", id="NaN"),
        pytest.param(b'{"text": "\\ud800"}', "invalid_json", id="a lone surrogate"),
        pytest.param(DEEP, "invalid_json", id="5,000 levels"),
        pytest.param(b'{"text": "a\0b"}', "invalid_json", id="a bare NUL in a string"),
        pytest.param(b"", "invalid_json", id="a blank line"),
        pytest.param(b'{"text": "hello"', "invalid_json", id="a torn object"),
        pytest.param(b'{"text": "hell\xff"}', "invalid_utf8", id="invalid UTF-8"),
        pytest.param(b"17", "not_text", id="a bare number"),
        pytest.param(b'{"text": "hello", "seaguard": 1}', "key_exists", id="the key is there"),
    ],
)
def test_what_cannot_be_given_back_as_an_object_is_in_base64(line: bytes, code: str) -> None:
    ran = jsonl(b'{"text": "before"}', line, b'{"text": "after"}')
    error = ran.verdicts[1]["error"]
    assert list(json.loads(ran.lines[1])) == ["seaguard"]
    assert base64.b64decode(error["input"]) == line[: 64 * 1024]
    assert (error["code"], error["line"], ran.status) == (code, 2, 3)
    assert [ran.lines[at][:17] for at in (0, 2)] == [b'{"text": "before"', b'{"text": "after",']


def test_lone_texts() -> None:
    texts = [b"hello", b"", b"a\0b", b"\x1b[31m", "\u202eabc".encode(), b"\xff\xfe\xfd", b"  "]
    ran = tiny("--input-format", "text", stdin=b"\n".join(texts) + b"\n")
    judged = [json.loads(line).get("text") for line in ran.lines]
    assert judged == ["hello", "", "a\0b", "\x1b[31m", "\u202eabc", None, "  "]
    assert base64.b64decode(ran.verdicts[5]["error"]["input"]) == b"\xff\xfe\xfd"
    assert ran.status == 3


@pytest.mark.parametrize(
    ("name", "stdin"),
    [("a.txt", b""), ("a.jsonl", b""), ("a.json", b""), ("a.csv", b""), ("a.txt", b"\xef\xbb\xbf")],
)
def test_an_empty_file_gives_nothing(name: str, stdin: bytes, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(stdin)
    ran = tiny("-f", str(file))
    assert (ran.out, ran.err, ran.status) == (b"", "", 0)


def test_an_empty_file_as_json_gives_an_empty_array(tmp_path: Path) -> None:
    assert tiny("-o", "json").out == b"[]\n"


def test_a_single_line_of_a_megabyte_comes_back_whole() -> None:
    line = b'{"text": "' + b"word " * 210_000 + b'", "id": 1}'
    ran = jsonl(line, b'{"text": "hello"}')
    assert own_bytes(ran.lines[0]) == line
    assert ran.verdicts[0]["windows"] > 100
    assert ran.labels[1] in ("safe", "unsafe")


def test_a_record_beyond_the_limit_is_told_and_read_past() -> None:
    long = b'{"text": "' + b"word " * 30_000 + b'"}'
    ran = tiny("--max-record", "1000", "--input-format", "jsonl", stdin=long + b'\n{"text": "a"}')
    assert base64.b64decode(ran.verdicts[0]["error"]["input"]) == long[: 64 * 1024]
    assert (ran.labels[0], len(ran.labels), ran.status) == ("too_large", 2, 3)


def test_a_model_whose_numbers_are_none_gives_an_error_and_no_verdict(models: Models) -> None:
    ran = check("-m", str(models["not-a-number"]), "hello")
    assert (ran.labels, ran.status) == (["engine"], 5)


def test_order_holds_over_thousands_of_records_good_and_bad() -> None:
    lines = [b'{"n": %d, "text": "text %d"}' % (n, n % 40) for n in range(3_000)]
    lines[::7] = [b'{"n": %d}' % n for n in range(0, 3_000, 7)]
    ran = jsonl(*lines)
    assert [own_bytes(line) for line in ran.lines] == lines
    assert ran.labels[::7] == ["missing_field"] * len(lines[::7])


def test_an_argument_that_is_not_utf8_is_a_record_and_no_failure() -> None:
    ran = process("check", "-m", "tiny", "--", b"hell\xff", "hello")
    assert base64.b64decode(ran.verdicts[0]["error"]["input"]) == b"hell\xff"
    assert (ran.labels[0], ran.verdicts[1]["label"], ran.status) == ("invalid_utf8", "safe", 3)


def test_a_file_name_that_is_not_utf8_is_read_and_told(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/n\xffme.txt"
    assert process("check", "-m", "tiny", b"-f" + name).told == [
        f"seaguard: error: {tmp_path}/n\\udcffme.txt: no such file or directory: "
        "check the name after -f"
    ]
    Path(os.fsdecode(name)).write_text("hello\n")
    assert process("check", "-m", "tiny", b"-f" + name).status == 0


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("hello")
    file.chmod(0)
    if os.access(file, os.R_OK):
        pytest.skip("this user may read everything")
    assert not stat.S_IMODE(file.stat().st_mode)
    ran = check("-f", str(file))
    assert ran.told == [f"seaguard: error: {file}: permission denied: check the name after -f"]
    assert ran.status == 2


@pytest.mark.parametrize("form", ["text", "jsonl", "json", "csv", "labels"])
def test_no_form_trips_over_the_hostile(form: str) -> None:
    lines = [b'{"text": "a\\u0000\\u001b"}', b"NaN", b'{"text": 1}', b"\xff", DEEP, b"", b"[]"]
    ran = tiny("-o", form, "--input-format", "jsonl", stdin=b"\n".join(lines))
    assert ran.status == 3
    ran.out.decode()
