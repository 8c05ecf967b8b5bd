"""Parquet in: a row is the JSON object it amounts to; pyarrow writes what is read here."""

from __future__ import annotations

import datetime
import decimal
import gzip
import io
import json
import os
import subprocess
import sys
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaguard_cli.errors import DuplicateColumns, InputFailed, InputNeedsFile, ParquetMissing
from seaguard_cli.records import Form, Format, Header, Kind, Selection, read
from seaguard_cli.verdict import Item

from .helpers import described, items, judged, records, texts
from .test_csv_output import table

P = Format.PARQUET
TURNS = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": None}]


def parquet(columns: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), file, **options)
    return file.getvalue()


def objects(data: bytes) -> list[Any]:
    return [json.loads(record.raw) for record in records(data)]


class TestRows:
    def test_a_row_is_an_object_of_its_columns(self) -> None:
        found = records(parquet({"id": [1, 2], "text": ["a", "ก"]}))
        assert items(found) == [Item("a"), Item("ก")]
        assert [record.raw for record in found] == [
            b'{"id":1,"text":"a"}',
            '{"id":2,"text":"ก"}'.encode(),
        ]
        assert [(record.kind, record.end, record.line) for record in found] == [
            (Kind.OBJECT, b"\n", 1),
            (Kind.OBJECT, b"\n", 2),
        ]

    def test_types_become_what_json_has(self) -> None:
        noon = datetime.datetime(2024, 1, 2, 12, 0, 0)
        data = parquet(
            {
                "int": pa.array([2**63 - 1]),
                "unsigned": pa.array([2**64 - 1], pa.uint64()),
                "float": pa.array([0.1]),
                "half": pa.array([1.5], pa.float16()),
                "no number": pa.array([float("nan")]),
                "flag": pa.array([True]),
                "decimal": pa.array([decimal.Decimal("1.50")]),
                "date": pa.array([datetime.date(2024, 1, 2)]),
                "time": pa.array([datetime.time(1, 2, 3)]),
                "local": pa.array([noon], pa.timestamp("ms")),
                "nanoseconds": pa.array([1], pa.timestamp("ns")),
                "zoned": pa.array([noon], pa.timestamp("us", "Asia/Bangkok")),
                "nowhere": pa.array([0], pa.timestamp("us", "No/Where")),
                "beyond python": pa.array([253402300800000], pa.timestamp("ms")),
                "category": pa.array(["x"]).dictionary_encode(),
                "list": pa.array([[1, None]]),
                "fixed": pa.array([[1, 2]], pa.list_(pa.int8(), 2)),
                "map": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int8())),
                "struct": pa.array([{"at": noon, "blob": b"\xff"}]),
                "turns": pa.array([TURNS]),
                "null": pa.nulls(1),
                "bytes": pa.array([b"\xff\x00"]),
                "text bytes": pa.array(["ก".encode()]),
                "large": pa.array(["x"], pa.large_string()),
            }
        )
        assert objects(data) == [
            {
                "int": 2**63 - 1,
                "unsigned": 2**64 - 1,
                "float": 0.1,
                "half": 1.5,
                "no number": None,
                "flag": True,
                "decimal": "1.50",
                "date": "2024-01-02",
                "time": "01:02:03.000000",
                "local": "2024-01-02 12:00:00.000",
                "nanoseconds": "1970-01-01 00:00:00.000000001",
                "zoned": "2024-01-02 12:00:00.000000Z",
                "nowhere": "1970-01-01 00:00:00.000000Z",
                "beyond python": "10000-01-01 00:00:00.000",
                "category": "x",
                "list": [1, None],
                "fixed": [1, 2],
                "map": [["a", 1]],
                "struct": {"at": "2024-01-02 12:00:00.000000", "blob": "/w=="},
                "turns": TURNS,
                "null": None,
                "bytes": "/wA=",
                "text bytes": "ก",
                "large": "x",
            }
        ]

    @given(
        st.lists(
            st.tuples(
                st.integers(-(2**63), 2**63 - 1) | st.none(),
                st.text(st.characters(exclude_categories=["Cs"])) | st.none(),
                st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=3)),
            ),
            min_size=1,
            max_size=200,
        ),
        st.integers(1, 90),
    )
    def test_every_row_is_there_in_its_order(self, rows: list[Any], group: int) -> None:
        types = [pa.int64(), pa.string(), pa.list_(pa.string())]
        cells = zip(*rows, strict=True)
        columns = [pa.array(column, kind) for column, kind in zip(cells, types, strict=True)]
        whole = pa.table(columns, names=["id", "text", "tags"])
        found = records(parquet(whole, row_group_size=group))
        assert [json.loads(record.raw) for record in found] == whole.to_pylist()
        assert [record.line for record in found] == list(range(1, len(rows) + 1))
        assert items(found) == [
            "missing_field" if text is None else Item(text) for _, text, _ in rows
        ]

    def test_its_columns_are_told_before_its_rows_even_if_there_are_none(self) -> None:
        headers: list[Header] = []
        assert records(parquet({"id": pa.array([], pa.int8())}), headers=headers) == []
        assert [header.names for header in headers] == [("id",)]
        assert headers[0].schema == pa.schema({"id": pa.int8()})

    def test_a_file_without_columns_has_rows_all_the_same(self) -> None:
        whole = pa.table({"a": [1, 2, 3]}).select([])
        data = parquet(whole)
        assert [record.raw for record in records(data)] == [b"{}"] * pq.read_metadata(
            io.BytesIO(data)
        ).num_rows


class TestFields:
    def test_a_null_is_a_missing_field(self) -> None:
        data = parquet({"text": [None, "a"], "content": ["b", "c"], "n": [1, 2]})
        assert texts(records(data)) == ["b", "a"]
        data = parquet({"text": pa.array([None, "a"]), "n": [1, 2]})
        assert texts(records(data)) == ["missing_field", "a"]

    def test_a_pair_without_a_response_is_a_prompt(self) -> None:
        data = parquet({"prompt": ["a", "b"], "response": ["c", None]})
        assert items(records(data)) == [Item("a", "c"), Item("b")]

    def test_a_path_leads_into_structs_and_lists(self) -> None:
        data = parquet({"messages": [TURNS], "a.b": ["x"], "meta": [{"lang": "th"}]})
        for path, text in (("messages.0.content", "hi"), ("a.b", "x"), ("meta.lang", "th")):
            assert texts(records(data, field=path)) == [text]

    def test_what_is_no_text_is_told(self) -> None:
        data = parquet({"text": [1], "other": [["a"]]})
        assert texts(records(data)) == ["not_text"]
        assert texts(records(data, field="other")) == ["not_text"]

    def test_bytes_are_a_text_if_they_are_utf8(self) -> None:
        data = parquet({"text": pa.array(["ก".encode(), b"\xff", b""])})
        assert texts(records(data)) == ["ก", "invalid_utf8", ""]

    @pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
    def test_a_string_that_is_not_utf8_fails_alone(self, kind: Any) -> None:
        strings = pa.array([b"a", b"\xff", b"c"]).cast(kind, safe=False)
        nested = pa.ListArray.from_arrays([0, 1, 2, 3], strings.cast(pa.string(), safe=False))
        data = parquet(pa.table({"text": strings, "tags": nested}))
        found = records(data)
        assert texts(found) == ["a", "invalid_utf8", "c"]
        assert json.loads(found[1].raw) == {"text": "/w==", "tags": ["/w=="]}

    def test_a_column_called_like_the_key_is_told(self) -> None:
        assert texts(records(parquet({"text": ["a"], "seaguard": [1]}), key="seaguard")) == [
            "key_exists"
        ]

    def test_a_row_that_is_too_large_is_told(self) -> None:
        found = records(parquet({"text": ["x" * 200, "a"]}), max_record=100)
        assert texts(found) == ["too_large", "a"]

    def test_two_columns_of_one_name_are_refused(self) -> None:
        twice = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
        with pytest.raises(DuplicateColumns) as caught:
            records(parquet(twice), name="a.parquet")
        assert caught.value.facts == {"path": "a.parquet", "column": "text"}

    def test_two_fields_of_one_name_in_a_struct_are_refused(self) -> None:
        struct = pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
        with pytest.raises(DuplicateColumns, match=r"meta\.a"):
            records(parquet(pa.table({"text": ["x"], "meta": struct})))


class TestOtherForms:
    def test_as_csv_a_null_is_an_empty_cell(self) -> None:
        headers: list[Header] = []
        data = parquet({"id": [1, None], "text": ["a", None], "tags": [["x"], None]})
        written = judged(records(data, headers=headers), Form.CSV, headers=headers)
        assert [row[:4] for row in table(written)] == [
            ["id", "text", "tags", "seaguard_label"],
            ["1", "a", '["x"]', "unsafe"],
            ["", "", "", ""],
        ]

    def test_as_csv_a_file_without_rows_has_its_header(self) -> None:
        headers: list[Header] = []
        data = parquet({"id": pa.array([], pa.int8())})
        written = judged(records(data, headers=headers), Form.CSV, headers=headers)
        assert table(written)[0][0] == "id"

    def test_a_filter_passes_rows_on_as_json_lines(self) -> None:
        from .helpers import SAFE, UNSAFE, filtered

        headers: list[Header] = []
        found = records(parquet({"text": ["a", "b"]}), headers=headers)
        written = filtered(zip(found, (SAFE, UNSAFE), strict=True), headers=headers)
        assert written == b'{"text":"b"}\n'


class TestWays:
    DATA = parquet({"text": ["a", "b"]})

    @pytest.mark.parametrize("name", ["-", "a.parquet", "a.PARQUET", "a.jsonl.bin"])
    def test_the_first_bytes_or_the_suffix_tell(self, name: str) -> None:
        assert texts(records(self.DATA, name=name)) == ["a", "b"]

    def test_a_text_that_begins_like_it_is_a_text(self) -> None:
        assert texts(records(b"PAR1 is where it is at\n")) == ["PAR1 is where it is at"]

    @pytest.mark.parametrize("step", [1, 7, 100_000])
    def test_it_may_come_through_a_pipe(self, step: int) -> None:
        assert texts(records(self.DATA, step=step)) == ["a", "b"]

    def test_it_may_be_packed(self) -> None:
        assert texts(records(gzip.compress(self.DATA), name="a.parquet.gz")) == ["a", "b"]
        assert texts(records(gzip.compress(self.DATA))) == ["a", "b"]

    def test_more_than_is_kept_of_a_pipe_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("seaguard_cli.records.spool.MOST", len(self.DATA) - 1)
        with pytest.raises(InputNeedsFile):
            records(self.DATA, step=100)
        assert texts(records(self.DATA)) == ["a", "b"]

    def test_no_copy_is_left_behind(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        found = read(gzip_stream(self.DATA), name="-", format=None, selection=Selection())
        assert described(next(found)) == Item("a")
        assert list(tmp_path.iterdir()) == []

    def test_a_folder_that_takes_no_copy_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with open("/dev/full", "wb", buffering=0) as full:
            monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: full)
            with pytest.raises(InputFailed, match="no space left on device"):
                records(self.DATA, step=100)

    def test_no_folder_for_a_copy_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tempfile.tempdir", "/no/such/folder")
        with pytest.raises(InputFailed, match="no such file or directory"):
            records(self.DATA, step=100)

    def test_without_pyarrow_it_is_told_what_to_install(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        with pytest.raises(ParquetMissing) as caught:
            records(self.DATA, name="a.parquet")
        assert caught.value.facts == {"path": "a.parquet"}


class TestDamage:
    @pytest.mark.parametrize("keep", [0, 3, 100, -1, -8])
    def test_a_file_that_is_cut_is_told(self, keep: int) -> None:
        data = parquet({"text": ["a", "b"]})
        with pytest.raises(InputFailed) as caught:
            records(data[:keep], name="a.parquet")
        assert caught.value.facts["path"] == "a.parquet"
        assert "\n" not in str(caught.value.facts["reason"])

    def test_what_comes_before_a_damaged_row_group_is_read(self) -> None:
        texts_in = [os.urandom(30).hex() for _ in range(600)]
        options: Any = {"row_group_size": 200, "write_page_checksum": True}
        data = bytearray(parquet({"text": texts_in}, use_dictionary=False, **options))
        group = pq.read_metadata(io.BytesIO(data)).row_group(1).column(0)
        at = group.data_page_offset + group.total_compressed_size // 2
        data[at : at + 40] = b"\0" * 40
        source = read(io.BytesIO(data), name="a.parquet", format=None, selection=Selection())
        assert [described(next(source)) for _ in range(200)] == [
            Item(one) for one in texts_in[:200]
        ]
        with pytest.raises(InputFailed):
            next(source)

    def test_a_cell_beyond_its_dictionary_is_told(self) -> None:
        columns = {"text": ["a"], "kind": pa.array(["x"]).dictionary_encode()}
        data = bytearray(parquet(columns, compression="none"))
        chunk = pq.read_metadata(io.BytesIO(data)).row_group(0).column(1)
        # A chunk begins with its dictionary and ends with the index of its last cell.
        data[chunk.dictionary_page_offset + chunk.total_compressed_size - 1] = 200
        with pytest.raises(InputFailed, match="200 is out-of-bounds"):
            records(bytes(data), name="a.parquet")

    def test_a_time_zone_that_is_no_text_is_told(self) -> None:
        data = parquet({"text": ["a"], "at": pa.array([1], pa.timestamp("us", "Zone"))})
        kept = pq.read_metadata(io.BytesIO(data)).metadata[b"ARROW:schema"]
        spoilt = b64encode(b64decode(kept).replace(b"Zone", b"Z\xffne"))
        with pytest.raises(InputFailed, match="can't decode byte 0xff"):
            records(data.replace(kept, spoilt), name="a.parquet")

    @pytest.mark.parametrize("door", ["__init__", "iter_batches"])
    def test_a_bug_is_not_told_as_damage(self, door: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise ValueError("a bug")

        data = parquet({"text": ["a"]})
        monkeypatch.setattr(pq.ParquetFile, door, fail)
        with pytest.raises(ValueError, match="a bug"):
            records(data)

    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def test_whatever_bits_flip_it_is_told_or_harmless(self, data: st.DataObject) -> None:
        columns = {"id": list(range(50)), "text": ["text"] * 50, "turns": [TURNS] * 50}
        whole = bytearray(parquet(columns, row_group_size=20, write_page_checksum=True))
        for _ in range(data.draw(st.integers(1, 4))):
            whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
        with suppress(InputFailed, DuplicateColumns):
            records(bytes(whole), P, name="a.parquet")


def test_memory_does_not_grow_with_the_size_of_a_row_group(tmp_path: Path) -> None:
    path = tmp_path / "large.parquet"
    schema = pa.schema({"text": pa.string()})
    with pq.ParquetWriter(path, schema, use_dictionary=False) as writer:
        texts_in = [os.urandom(2000).hex() for _ in range(50_000)]
        writer.write_table(pa.table({"text": texts_in}, schema=schema))
    assert path.stat().st_size > 150 * 2**20
    script = (
        "import resource, sys\n"
        "from seaguard_cli.records import read, Selection\n"
        "with open(sys.argv[1], 'rb', buffering=0) as file:\n"
        "    found = read(file, name='a.parquet', format=None, selection=Selection())\n"
        "    next(found)\n"
        "    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "    count = 1 + sum(1 for _ in found)\n"
        "    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before\n"
        "print(count, grown)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    count, grown = map(int, done.stdout.split())
    unit = 1 if sys.platform == "darwin" else 1024
    assert count == 50_000
    assert grown * unit < 40 * 2**20


def gzip_stream(data: bytes) -> io.BytesIO:
    return io.BytesIO(gzip.compress(data))
