"""Own bytes in, own bytes out: what the added key does to an object and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaguard_cli.errors import Failure, FailureCode
from seaguard_cli.records import Form, Format, Kind, Record
from seaguard_cli.verdict import Item, Verdict

from .helpers import SPLICED, UNSAFE, UNSAFE_JSON, error_of, input_of, judged, one, records

ALONE = b'{"seaguard": ' + UNSAFE_JSON + b"}\n"


def as_record(raw: bytes) -> Record:
    return Record(raw, b"\n", 1, Kind.OBJECT, Item("a"), None)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"{}", b'{"seaguard": ' + UNSAFE_JSON + b"}"),
        (b" { } ", b' {"seaguard": ' + UNSAFE_JSON + b" } "),
        (b'{"text": "a"}', b'{"text": "a"' + SPLICED + b"}"),
        (b'{"text":"a" }\t', b'{"text":"a"' + SPLICED + b" }\t"),
        (b'{"text": "{"}', b'{"text": "{"' + SPLICED + b"}"),
        (b'{"text": "}"}', b'{"text": "}"' + SPLICED + b"}"),
        (b'{"text": "a", "n": {}}', b'{"text": "a", "n": {}' + SPLICED + b"}"),
        (b'{"id": 1180591620717411303424, "id": 1E5}', None),
        (b'{"a": "\\u0e01\\/", "a":\t1.50, "text": "\xe0\xb8\x81"}', None),
    ],
)
def test_the_key_goes_before_the_last_brace(raw: bytes, expected: bytes | None) -> None:
    expected = expected or raw[:-1] + SPLICED + b"}"
    assert judged([as_record(raw)]) == expected + b"\n"


BLANK = st.text(" \t", max_size=2)
SPELLINGS = st.sampled_from(
    ["1E5", "-0", "2" * 30, '"\\u0e01"', '"ก\\/"', "null", "[ ]", '{"a":1,"a":2}']
)


@given(
    st.lists(st.tuples(BLANK, st.text(max_size=5), BLANK, SPELLINGS, BLANK), max_size=6),
    BLANK,
    st.booleans(),
)
def test_output_less_the_added_member_is_the_input(
    members: list[tuple[str, str, str, str, str]], blank: str, crlf: bool
) -> None:
    parts = [f"{a}{json.dumps(key)}{b}:{c}{value}" for a, key, b, value, c in members]
    line = f'{blank}{{"text": "a"{"".join("," + part for part in parts)}{blank}}}{blank}'.encode()
    (record,) = records(line + (b"\r\n" if crlf else b"\n"), Format.JSONL)
    outcome = record.failure or UNSAFE
    written = judged([record], outcome=outcome)
    added = written[written.rindex(b', "seaguard": ') :]
    added = added[: added.index(b"}" * (2 if record.failure else 1)) + (2 if record.failure else 1)]
    assert written.replace(added, b"") == line + b"\n"


@given(st.dictionaries(st.text(max_size=6), st.none() | st.integers() | st.text(), max_size=6))
def test_every_member_is_there_and_the_verdict_is_last(fields: dict[str, Any]) -> None:
    fields.pop("seaguard", None)
    written = json.loads(judged([as_record(json.dumps(fields).encode())]))
    assert list(written)[-1] == "seaguard"
    assert written.pop("seaguard")["label"] == "unsafe"
    assert written == fields


def test_a_pretty_printed_object_comes_back_on_one_line() -> None:
    raw = b'{\r\n  "text": "a\\nb",\n  "n": [\n1]\n}'
    written = judged(records(raw, Format.JSON))
    assert written == raw.replace(b"\r", b" ").replace(b"\n", b" ")[:-2] + SPLICED + b" }\n"


def test_a_pretty_printed_object_keeps_its_lines_in_an_array() -> None:
    raw = b'{\r\n  "text": "a"\n}'
    written = judged(records(raw, Format.JSON), Form.JSON)
    assert written == b"[\n" + raw[:-2] + SPLICED + b"\n}\n]\n"


def test_a_string_comes_back_in_its_own_spelling() -> None:
    written = judged([one(b' "\\u0e01\\/" ')])
    assert written == b'{"text": "\\u0e01\\/"' + SPLICED + b"}\n"


def test_the_key_may_be_called_something_else() -> None:
    written = judged([one(b'{"text": "a"}')], key='a "b" ก')
    assert written == b'{"text": "a", "a \\"b\\" \xe0\xb8\x81": ' + UNSAFE_JSON + b"}\n"


def verdict(**fields: Any) -> bytes:
    values = {"label": "safe", "score": 0.5, "threshold": 0.5, "task": "prompt", "model": "m"}
    written = judged([as_record(b"{}")], outcome=Verdict(**{**values, **fields}))
    return written.removeprefix(b'{"seaguard": ').removesuffix(b"}\n")


def test_a_verdict_has_its_members_in_a_fixed_order() -> None:
    assert verdict(task="response", low_mass=True) == (
        b'{"label": "safe", "score": 0.5, "threshold": 0.5, "task": "response", "model": "m", '
        b'"low_mass": true}'
    )


def test_a_score_that_is_not_known_is_null() -> None:
    assert b'"score": null, ' in verdict(score=None)


@given(st.floats(0, 1))
def test_a_score_is_the_same_float_when_read_back(score: float) -> None:
    assert json.loads(verdict(score=score, threshold=score)) == {
        **json.loads(verdict()),
        "score": score,
        "threshold": score,
    }


def test_a_score_from_numpy_is_a_number_too() -> None:
    numpy = pytest.importorskip("numpy")
    assert b'"score": 0.25, ' in verdict(score=numpy.float64(0.25))


def test_a_model_of_any_name_is_escaped() -> None:
    assert json.loads(verdict(model='a"\\\n\x1b'))["model"] == 'a"\\\n\x1b'
    assert json.loads(verdict(model="a\udcff"))["model"] == "a?"


def test_an_object_that_cannot_be_judged_comes_back_with_its_error() -> None:
    record = records(b'{"text": "a"}\n{"text": 7, "id": 1E5}\n', Format.JSONL)[1]
    assert judged([record]) == (
        b'{"text": 7, "id": 1E5, "seaguard": {"error": {"code": "not_text", "line": 2, '
        b'"message": "cannot judge (field=text, found=number)"}}}\n'
    )


@pytest.mark.parametrize("code", [FailureCode.TOO_LONG, FailureCode.ENGINE])
@pytest.mark.parametrize(
    ("data", "format", "start"),
    [
        (b'{"text": "a"}', Format.JSONL, b'{"text": "a", '),
        (b'"\\u0061"', Format.JSONL, b'{"text": "\\u0061", '),
        (b"a", Format.TEXT, b'{"text": "a", '),
        (b"id,text\n1,a", Format.CSV, b'{"id": "1", "text": "a", '),
    ],
)
def test_what_the_engine_refuses_comes_back_with_its_text(
    data: bytes, format: Format, start: bytes, code: FailureCode
) -> None:
    written = judged(records(data, format), outcome=Failure(code))
    assert written.startswith(start + b'"seaguard": {"error": {"code": "' + code.encode() + b'"')
    assert list(error_of(written)) == ["code", "line", "message"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"text": ', "invalid_json"),
        (b"\xff", "invalid_utf8"),
        (b"7", "not_text"),
        (b"", "invalid_json"),
    ],
)
def test_what_is_no_object_comes_back_as_base64(line: bytes, code: str) -> None:
    written = judged(records(line + b"\n", Format.JSONL))
    assert list(json.loads(written)) == ["seaguard"]
    assert list(error_of(written)) == ["code", "line", "message", "input"]
    assert error_of(written)["code"] == code
    assert input_of(written) == line


def test_of_what_is_no_object_the_first_64_kib_come_back() -> None:
    assert input_of(judged(records(b"x" * 100_000, Format.JSONL))) == b"x" * 65_536


def test_an_object_that_has_the_key_comes_back_as_base64() -> None:
    raw = b'{"text": "a", "seaguard": 1}'
    written = judged([one(raw, key="seaguard")])
    assert list(json.loads(written)) == ["seaguard"]
    assert error_of(written)["code"] == "key_exists"
    assert input_of(written) == raw


@pytest.mark.parametrize(
    ("raw", "rest"),
    [
        (b'{"text": "a", "seaguard": {"b": [1, "}"]}}', b'{"text": "a"'),
        (b'{"seaguard": 1, "text": "a"}', b'{"text": "a"'),
        (b'{"x": 1, "seaguard": 1, "text": "a"}', b'{"x": 1, "text": "a"'),
        (b'{"x": 1 , "seaguard" : 1 , "text": "a"}', b'{"x": 1 , "text": "a"'),
        (b'{"text": "a", "seaguard": 1, "seaguard": 2}', b'{"text": "a"'),
        (b'{"seaguard": 1, "seaguard": 2, "text": "a"}', b'{"text": "a"'),
        (b'{"seaguard": 1, "text": "a", "sea\\u0067uard": 2}', b'{"text": "a"'),
        (b'{"text": "a", "sub": {"seaguard": 1}}', b'{"text": "a", "sub": {"seaguard": 1}'),
        (b'{"text": "seaguard"}', b'{"text": "seaguard"'),
    ],
)
def test_replacing_takes_out_what_was_there_and_nothing_else(raw: bytes, rest: bytes) -> None:
    assert judged([one(raw)], replace=True) == rest + SPLICED + b"}\n"


def test_replacing_the_only_member_leaves_the_new_one() -> None:
    assert judged([as_record(b'{"seaguard": 1}')], replace=True) == ALONE
    assert judged([as_record(b'{ "seaguard": 1, "seaguard":2 }')], replace=True) == (
        b'{"seaguard": ' + UNSAFE_JSON + b"  }\n"
    )


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "seaguard", "sea\\u0067uard", "b"]), SPELLINGS), max_size=6
    ),
    BLANK,
)
def test_replacing_leaves_every_other_member(members: list[tuple[str, str]], blank: str) -> None:
    parts = [f'{blank}"{key}"{blank}:{value}{blank}' for key, value in members]
    raw = ("{" + ",".join(parts) + "}").encode()
    written = json.loads(judged([as_record(raw)], replace=True), object_pairs_hook=list)
    kept = json.loads(raw, object_pairs_hook=list)
    assert written[:-1] == [pair for pair in kept if pair[0] != "seaguard"]
    assert written[-1][0] == "seaguard"


def test_replacing_a_column_takes_it_out() -> None:
    written = judged(records(b"text,seaguard,id\na,b,c\n", Format.CSV), replace=True)
    assert written == b'{"text": "a", "id": "c"' + SPLICED + b"}\n"


def test_replacing_twice_gives_the_same_bytes() -> None:
    once = judged([one(b'{"text": "a", "n": 1E5 }')], replace=True)
    assert judged(records(once, Format.JSONL), replace=True) == once
