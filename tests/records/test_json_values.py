from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaguard_cli.records import Format

from .helpers import records, texts


def found(data: bytes, **options: object) -> list[str]:
    return texts(records(data, Format.JSON, **options))  # type: ignore[arg-type]


def problems(data: bytes) -> list[str]:
    return [
        str(record.failure.facts.get("problem"))
        for record in records(data, Format.JSON)
        if record.failure
    ]


A, B = b'{"text": "a"}', b'{"text": "b"}'


@pytest.mark.parametrize("data", [b"", b" \n\t\r\n", b"[]", b" [ ] \n"])
def test_nothing_in_it_gives_no_records(data: bytes) -> None:
    assert found(data) == []


def test_an_array_gives_its_elements_with_their_own_bytes() -> None:
    data = b'[\n {"text": "a",\n  "n": [1, {"b": "]"}]} ,\n "x" , 7]\n'
    got = records(data, Format.JSON)
    assert texts(got) == ["a", "x", "not_text"]
    assert [(record.raw, record.end, record.line) for record in got] == [
        (b'{"text": "a",\n  "n": [1, {"b": "]"}]}', b"", 2),
        (b'"x"', b"", 4),
        (b"7", b"", 4),
    ]
    assert all(record.element for record in got)


def test_a_sequence_gives_its_values() -> None:
    got = records(b'{\n "text": "a"\n}\n{"text": "b"}{"text": "c"}\n "d" null', Format.JSON)
    assert texts(got) == ["a", "b", "c", "d", "not_text"]
    assert [record.line for record in got] == [1, 4, 4, 5, 5]
    assert {record.end for record in got} == {b"\n"}
    assert not any(record.element for record in got)


def test_brackets_and_quotes_inside_a_string_part_nothing() -> None:
    text = '],[}{"\\ '
    assert found(json.dumps([{"text": text}, {"text": "b"}]).encode()) == [text, "b"]


def test_a_broken_element_fails_in_its_place() -> None:
    got = records(b'[{"text": "a"}, {bad}, {"text": "b"}]', Format.JSON)
    assert texts(got) == ["a", "invalid_json", "b"]
    assert got[1].raw == b"{bad}"


@pytest.mark.parametrize(
    "broken",
    [
        b"bad",
        b"bad words here",
        b'{"a" 1}',
        b'{"a": [1}',
        b'{"a": 1]}',
        b'{"a": {"b": 1}',
        b'{"text": "x',
        b'{"text": "x\\',
        b'"x',
        b'{"a": 1}}',
        b"1 2",
        b"\xff",
        b'{"text": 1',
    ],
)
@pytest.mark.parametrize(
    ("start", "between", "end"),
    [(b"[\n", b",\n", b"\n]\n"), (b"", b"\n", b"\n")],
    ids=["array", "sequence"],
)
def test_a_broken_value_does_not_swallow_its_neighbours(
    broken: bytes, start: bytes, between: bytes, end: bytes
) -> None:
    got = found(start + between.join([A, broken, B, A]) + end)
    assert got[0] == "a"
    assert got[-2:] == ["b", "a"]
    assert len(got) >= 4
    assert all(
        text.startswith("invalid") or text in ("not_text", "missing_field") for text in got[1:-2]
    )


def test_a_broken_string_in_a_pretty_printed_object_costs_that_object_alone() -> None:
    first = b'  {\n    "text": "x,\n    "id": [\n      1\n    ]\n  },\n'
    data = b"[\n" + first + b'  {\n    "text": "b"\n  }\n]\n'
    assert found(data) == ["invalid_json", "b"]


def test_a_missing_bracket_at_the_end_is_told() -> None:
    assert found(b"[" + A) == ["a", "invalid_json"]
    assert found(b"[" + A + b",\n") == ["a", "invalid_json"]
    assert found(b"[") == ["invalid_json"]
    assert problems(b"[" + A) == ["the array does not end"]


def test_an_element_that_breaks_off_is_told_once() -> None:
    assert found(b"[" + A + b', {"text": "b') == ["a", "invalid_json"]


def test_a_trailing_comma_is_told() -> None:
    assert found(b"[" + A + b",]") == ["a", "invalid_json"]


def test_nothing_between_two_commas_is_told() -> None:
    assert found(b"[" + A + b",," + B + b"]") == ["a", "invalid_json", "b"]
    assert found(b"[," + A + b"]") == ["invalid_json", "a"]


def test_a_missing_comma_is_told_and_both_values_are_judged() -> None:
    assert found(b"[" + A + b" " + B + b"]") == ["a", "invalid_json", "b"]


def test_what_follows_the_array_is_told() -> None:
    assert found(b"[" + A + b"] x") == ["a", "invalid_json"]
    assert found(b"[" + A + b"]\n" + B + b"\n[]") == ["a", "invalid_json", "invalid_json"]


@pytest.mark.parametrize("data", [b"[" * 5000, b"[" * 1_000_000, b"[" + b'{"a":' * 1_000_000])
def test_endless_nesting_is_one_failure(data: bytes) -> None:
    assert found(data) == ["invalid_json"]


def test_a_closing_bracket_too_many_is_told() -> None:
    assert found(A + b"}\n" + B) == ["a", "invalid_json", "b"]


def test_a_value_that_is_too_large_is_read_past() -> None:
    large = json.dumps({"text": "x" * 200_000, "n": [[["\\"]]]}).encode()
    got = records(b"[" + A + b"," + large + b"," + B + b"]", Format.JSON, max_record=100_000)
    assert texts(got) == ["a", "too_large", "b"]
    assert got[1].raw == large[: 64 * 1024]
    assert [record.line for record in got] == [1, 1, 1]


def test_lines_are_counted_through_a_value_that_is_too_large() -> None:
    large = b"{" + b"\n" * 300_000 + b"}"
    got = records(large + b"\n" + B, Format.JSON, max_record=100_000)
    assert texts(got) == ["too_large", "b"]
    assert got[1].line == 300_002


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=6), st.sampled_from([None, 0, 2]), st.integers(1, 40), st.booleans())
def test_every_valid_array_comes_apart_into_its_elements(
    values: list[object], indent: int | None, step: int, ascii_only: bool
) -> None:
    data = json.dumps(values, indent=indent, ensure_ascii=ascii_only).encode(
        "utf-8", "surrogatepass"
    )
    got = records(data, Format.JSON, step=step)
    assert [json.loads(record.raw.decode("utf-8", "surrogatepass")) for record in got] == values


@given(st.lists(JSON, max_size=6), st.sampled_from([None, 2]), st.integers(1, 40))
def test_every_valid_sequence_comes_apart_into_its_values(
    values: list[object], indent: int | None, step: int
) -> None:
    if values and isinstance(values[0], list):
        values = [None, *values]
    data = b"\n".join(json.dumps(value, indent=indent).encode() for value in values)
    got = records(data, Format.JSON, step=step)
    assert [json.loads(record.raw) for record in got] == values
