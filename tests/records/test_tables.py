from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaguard_cli.errors import DuplicateColumns, HeaderUnreadable
from seaguard_cli.records import Format, Header, Kind
from seaguard_cli.verdict import Item

from .helpers import items, one, records, texts

C = Format.CSV


def test_an_empty_file_has_neither_records_nor_a_header() -> None:
    headers: list[Header] = []
    assert records(b"", C, headers=headers) == []
    assert headers == []


def test_the_first_row_names_the_columns() -> None:
    headers: list[Header] = []
    found = records(b'id,text\r\n1,a\r\n2,"b, c"\r\n', C, headers=headers)
    assert items(found) == [Item("a"), Item("b, c")]
    assert headers == [Header(b"id,text\r\n", ("id", "text"), ",")]
    assert [(record.raw, record.end, record.line, record.cells) for record in found] == [
        (b"1,a", b"\r\n", 2, ("1", "a")),
        (b'2,"b, c"', b"\r\n", 3, ("2", "b, c")),
    ]
    assert {record.kind for record in found} == {Kind.ROW}
    assert {record.header for record in found} == set(headers)


def test_a_header_alone_is_told_though_no_row_follows() -> None:
    headers: list[Header] = []
    assert records(b"id,text", C, headers=headers) == []
    assert headers == [Header(b"id,text", ("id", "text"), ",")]


def test_tabs_part_the_cells_of_a_tsv() -> None:
    assert texts(records(b"id\ttext\n1\ta, b\n", Format.TSV)) == ["a, b"]


def test_a_cell_may_run_over_several_lines() -> None:
    found = records(b'id,text\n1,"a\n\nb\r\nc"\n2,d\n', C)
    assert texts(found) == ["a\n\nb\r\nc", "d"]
    assert found[0].raw == b'1,"a\n\nb\r\nc"'
    assert [record.line for record in found] == [2, 6]


def test_an_unclosed_quote_costs_its_own_line_alone() -> None:
    found = records(b'id,text\n1,a\n2,"b\n3,c\n4,d\n', C)
    assert texts(found) == ["a", "unclosed_quote", "c", "d"]
    assert (found[1].raw, found[1].line, found[2].line) == (b'2,"b', 3, 4)


def test_an_unclosed_quote_on_the_last_line_is_told() -> None:
    assert texts(records(b'id,text\n1,a\n2,"b', C)) == ["a", "unclosed_quote"]


def test_a_quote_that_another_row_closes_by_chance_is_told() -> None:
    found = records(b'id,text\n1,"a\n2,b\n3,"c"\n4,d\n', C)
    assert texts(found) == ["unclosed_quote", "b", "c", "d"]


def test_a_quoted_cell_of_more_than_a_thousand_lines_is_an_unclosed_quote() -> None:
    rows = b"".join(b"%d,x\n" % number for number in range(3000))
    found = texts(records(b'id,text\n0,"a\n' + rows + b'9,"z"\n', C))
    assert found == ["unclosed_quote", *["x"] * 3000, "z"]


def test_a_quoted_cell_of_more_than_a_mebibyte_is_an_unclosed_quote() -> None:
    rows = (b"1," + b"x" * 100_000 + b"\n") * 20
    found = texts(records(b'id,text\n0,"a\n' + rows + b'9,"z"\n', C))
    assert found == ["unclosed_quote", *["x" * 100_000] * 20, "z"]


def test_a_stray_quote_inside_a_plain_cell_is_a_character() -> None:
    assert texts(records(b'id,text\n1,a "b" c\n2,5" disk\n', C)) == ['a "b" c', '5" disk']


def test_a_quote_that_closes_where_none_may_is_a_ragged_row() -> None:
    assert texts(records(b'id,text\n1,"a" b\n2,c\n', C)) == ["ragged_row", "c"]


def test_a_row_with_other_than_the_header_s_cells_is_ragged() -> None:
    found = records(b"id,text\n1\n1,a,b\n2,c\n", C)
    assert texts(found) == ["ragged_row", "ragged_row", "c"]
    assert found[0].failure is not None
    assert found[0].failure.facts == {"cells": 1, "columns": 2}


def test_a_blank_line_is_an_empty_text_in_a_table_of_one_column() -> None:
    assert items(records(b"text\na\n\nb\n", C)) == [Item("a"), Item(""), Item("b")]


def test_a_blank_line_is_ragged_in_a_table_of_several() -> None:
    assert texts(records(b"id,text\n\n1,a\n", C)) == ["ragged_row", "a"]


def test_a_row_that_is_not_utf8_fails_alone() -> None:
    found = records(b'id,text\n1,"\xff\n"\n2,a\n', C)
    assert texts(found) == ["invalid_utf8", "a"]
    assert found[0].raw == b'1,"\xff\n"'


def test_nul_is_a_character_like_any_other() -> None:
    assert texts(records(b"id,text\n1,a\x00b\n", C)) == ["a\0b"]


def test_a_cell_beyond_the_csv_module_s_own_limit_is_read() -> None:
    assert len(texts(records(b"id,text\n1," + b"x" * 500_000 + b"\n", C))[0]) == 500_000


def test_a_row_that_is_too_large_is_read_past() -> None:
    found = records(b"id,text\n1," + b"x" * 200 + b"\n2,a\n", C, max_record=100)
    assert texts(found) == ["too_large", "a"]
    assert [record.line for record in found] == [2, 3]


def test_a_line_that_is_too_large_ends_an_unclosed_quote() -> None:
    data = b'id,text\n1,"b\n1,' + b"x" * 200 + b"\n2,a\n"
    assert texts(records(data, C, max_record=100)) == ["unclosed_quote", "too_large", "a"]


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(DuplicateColumns) as caught:
        records(b"text,id,text\n1,2,3\n", C, name="a.csv")
    assert caught.value.facts == {"path": "a.csv", "column": "text"}


@pytest.mark.parametrize("header", [b'"id,text\n', b'id,"te"xt\n', b"\xff,text\n", b"a\rb\n"])
def test_a_header_that_cannot_be_read_is_told(header: bytes) -> None:
    with pytest.raises(HeaderUnreadable):
        records(header + b"1,a\n", C)


def test_a_response_beside_a_prompt_is_judged_with_it() -> None:
    assert one(b"prompt,response\na,b\n", C).item == Item("a", "b")


def test_an_empty_response_beside_a_prompt_is_none() -> None:
    assert one(b"prompt,response\na,\n", C).item == Item("a")
    assert one(b"p,r\na,\n", C, prompt_field="p", response_field="r").item == Item("a")


def test_an_empty_response_is_judged_where_responses_are_asked_for() -> None:
    assert one(b"prompt,response\na,\n", C, task="response").item == Item("a", "")
    assert one(b"prompt,response\na,\n", C, field="response").item == Item("")


def test_an_empty_response_alone_is_an_empty_response() -> None:
    assert one(b"id,response\n1,\n", C).item == Item("", "")


def test_a_dotted_column_is_named_as_it_is() -> None:
    assert one(b"a.b\nx\n", C, field="a.b").item == Item("x")


def test_a_table_without_the_field_says_so_in_every_row() -> None:
    assert texts(records(b"id,n\n1,2\n3,4\n", C)) == ["missing_field", "missing_field"]


def test_a_column_called_like_the_key_is_told() -> None:
    assert texts(records(b"text,seaguard\na,b\n", C, key="seaguard")) == ["key_exists"]


CELL = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(CELL, CELL), max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_whatever_the_csv_module_writes_is_read_back(
    rows: list[tuple[str, str]], line_end: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerows([("id", "text"), *rows])
    found = records(text.getvalue().encode(), C)
    assert [record.cells for record in found] == rows
