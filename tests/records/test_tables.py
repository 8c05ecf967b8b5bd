from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaguard_cli.errors import DuplicateColumns, HeaderUnreadable
from seaguard_cli.records import Format, Header, Kind
from seaguard_cli.records.rows import Lines
from seaguard_cli.verdict import Item

from .helpers import described, items, one, records, texts

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


@pytest.mark.parametrize("lines", [999, 1000, 1001])
def test_a_quoted_cell_may_have_a_thousand_lines(lines: int) -> None:
    cell = "x\n" * (lines - 1)
    found = records(f'id,text\n"1\n2","{cell}"\n3,c\n'.encode(), C)
    assert texts(found)[0] == ("unclosed_quote" if lines > 1000 else cell)
    assert texts(found)[-1] == "c"


@pytest.mark.parametrize("size", [2**20, 2**20 + 1])
def test_a_quoted_cell_of_several_lines_may_have_a_mebibyte(size: int) -> None:
    # The quotes count too. What stands before the cell does not.
    cell = "x" * 1000 + "\n" + "y" * (size - 1003)
    found = records(f'a,b,text\n{"z" * 2**20},"{"z" * 2**20}","{cell}"\n1,2,c\n'.encode(), C)
    assert texts(found)[0] == (cell if size == 2**20 else "unclosed_quote")
    assert texts(found)[-1] == "c"


CELLS = st.lists(st.text(st.sampled_from('ab,"\n\r'), max_size=9), min_size=2, max_size=4)


@given(st.lists(CELLS, min_size=1, max_size=5), st.integers(2, 5), st.integers(6, 14))
def test_a_quote_is_unclosed_when_one_cell_of_several_lines_runs_too_far(
    rows: list[list[str]], most_lines: int, most_bytes: int
) -> None:
    def runs_too_far(cell: str) -> bool:
        written = cell.replace('"', '""')
        return cell.count("\n") > 0 and (
            cell.count("\n") >= most_lines or len(written) + 2 > most_bytes
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("seaguard_cli.records.rows._MOST_LINES", most_lines)
        patch.setattr("seaguard_cli.records.rows.MOST_BYTES", most_bytes)
        for row in rows:
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
            writer.writerows([[str(at) for at in range(len(row))], row, ["last"] * len(row)])
            found = records(text.getvalue().encode(), C, field="0")
            assert (texts(found)[0] == "unclosed_quote") == any(map(runs_too_far, row))
            assert texts(found)[-1] == "last"


def test_a_row_of_several_lines_is_measured_as_a_whole() -> None:
    row = b'1,"' + b"x" * 60 + b"\n" + b"y" * 60 + b'"\n'
    found = records(b"id,text\n" + row + b"2,b\n", C, max_record=100)
    assert texts(found) == ["too_large", "b"]
    assert (found[0].raw, found[0].line, found[1].line) == (row[:-1], 2, 4)
    assert texts(records(b"id,text\n" + row + b"2,b\n", C, max_record=len(row) - 1)) == [
        "x" * 60 + "\n" + "y" * 60,
        "b",
    ]


def test_a_row_of_many_lines_is_read_past_at_once() -> None:
    # Each cell is closed, and another one opens on the line that closes it.
    cells = b'","'.join([b"x" * 1000 + b"\ny"] * 3000)
    found = records(b'id,text\n1,"' + cells + b'"\n2,b\n', C, max_record=100_000)
    assert texts(found) == ["too_large", "b"]
    assert [record.line for record in found] == [2, 3003]
    assert len(found[0].raw) == 64 * 1024


def test_many_quotes_that_do_not_close_are_not_read_again_and_again() -> None:
    # Every line opens one, and what fails is at the very end: 900 times 900 lines otherwise.
    handed = 0

    class Counting(Lines):
        def __next__(self) -> str:
            nonlocal handed
            handed += 1
            return super().__next__()

    rows = b'x","\n' * 900
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("seaguard_cli.records.table.Lines", Counting)
        found = records(b'id,text\n1,"\n' + rows + b"2,b\n", C)
    assert texts(found) == ["unclosed_quote"] * 901 + ["b"]
    assert handed < 4000


LINES = st.lists(st.text(st.sampled_from('a,"'), max_size=5), max_size=12).map("\n".join)


@given(LINES, st.integers(2, 5), st.integers(4, 12))
def test_what_is_not_read_again_would_come_to_the_same(
    data: str, most_lines: int, most_bytes: int
) -> None:
    class Forgetful(Lines):
        def give_up(self, error: Exception) -> None:
            super().give_up(error)
            self._doomed = 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("seaguard_cli.records.rows._MOST_LINES", most_lines)
        patch.setattr("seaguard_cli.records.rows.MOST_BYTES", most_bytes)
        found = [
            (record.raw, record.line, record.cells, described(record))
            for record in records(b"id,text\n" + data.encode(), C)
        ]
        patch.setattr("seaguard_cli.records.table.Lines", Forgetful)
        assert found == [
            (record.raw, record.line, record.cells, described(record))
            for record in records(b"id,text\n" + data.encode(), C)
        ]


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
