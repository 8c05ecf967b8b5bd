"""Where a record comes from, in every form that has room for it."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest

from seaguard_cli.records import Form, Format, Header, Look, Selection, from_arguments

from .helpers import judged, records
from .test_archives import gz
from .test_csv_output import table
from .test_parquet_input import parquet

INPUTS: dict[str, tuple[Format | None, bytes, list[int]]] = {
    "text": (Format.TEXT, b"a\n\xff\n\nb", [1, 2, 3, 4]),
    "jsonl": (Format.JSONL, b'{"text": "a"}\n\n"b"\nbad\n17\n', [1, 2, 3, 4, 5]),
    "array": (Format.JSON, b'[\n{"text": "a"},\n\n"b" 7,\n]', [2, 4, 4, 5]),
    "sequence": (Format.JSON, b'{"text":\n"a"}\n\n"b"', [1, 4]),
    "csv": (Format.CSV, b'id,text\n1,"a\nb"\n2\n3,"c\n4,d\n', [2, 4, 5, 6]),
    "tsv": (Format.TSV, b"id\ttext\n1\ta\n\xff\tb\n", [2, 3]),
    "packed": (None, gz(b'{"text": "a"}\n{"text": "b"}\n'), [1, 2]),
    "parquet": (None, parquet({"text": ["a", None, "b"]}), [1, 2, 3]),
}


def written(name: str, form: Form, file: str | None = "a.txt", **options: Any) -> bytes:
    format, data, _ = INPUTS[name]
    headers: list[Header] = []
    found = records(data, format, headers=headers, source=file)
    return judged(found, form, headers=headers, with_source=True, **options)


@pytest.mark.parametrize("name", INPUTS)
class TestEveryInput:
    def test_in_json(self, name: str) -> None:
        found = [json.loads(line)["seaguard"] for line in written(name, Form.JSONL).splitlines()]
        assert [one["source"] for one in found] == [
            {"file": "a.txt", "line": line} for line in INPUTS[name][2]
        ]
        assert all(one["error"]["line"] == one["source"]["line"] for one in found if "error" in one)
        array = json.loads(written(name, Form.JSON))
        assert [one["seaguard"] for one in array] == found

    def test_in_csv(self, name: str) -> None:
        header, *rows = table(written(name, Form.CSV))
        assert header[-3:] == ["seaguard_error", "seaguard_file", "seaguard_line"]
        assert [row[-2:] for row in rows] == [["a.txt", str(line)] for line in INPUTS[name][2]]

    def test_in_parquet(self, name: str) -> None:
        got = pq.read_table(io.BytesIO(written(name, Form.PARQUET)))
        assert got.column("seaguard_file").to_pylist() == ["a.txt"] * len(INPUTS[name][2])
        assert got.column("seaguard_line").to_pylist() == INPUTS[name][2]

    def test_for_a_person(self, name: str) -> None:
        lines = written(name, Form.TEXT).decode().splitlines()
        assert len(lines) == len(INPUTS[name][2])
        for line, number in zip(lines, INPUTS[name][2], strict=True):
            assert f" a.txt:{number}" in line


def test_an_argument_has_no_file() -> None:
    found = list(from_arguments(["a", "b"], response=None, selection=Selection()))
    value = json.loads(judged(found, with_source=True).splitlines()[1])["seaguard"]
    assert value["source"] == {"file": None, "line": 2}
    assert table(judged(found, Form.CSV, with_source=True))[2][-2:] == ["", "2"]
    assert b"TEXT:2  b\n" in judged(found, Form.TEXT, with_source=True)


@pytest.mark.parametrize("file", ['a "b"\\c%d%%.txt', "ก\n.txt", "\udcff.txt", "%"])
def test_any_name_may_be_a_file_s(file: str) -> None:
    value = json.loads(written("text", Form.JSONL, file).splitlines()[0])["seaguard"]
    assert value["source"]["file"] == file.replace("\udcff", "\\udcff")
    shown = written("text", Form.TEXT, file, look=Look(literal=True))
    assert shown.count(b"\n") == 4
    written("text", Form.CSV, file)
    written("text", Form.PARQUET, file)


def test_a_column_of_ours_counts_only_if_it_is_added() -> None:
    data = b"text,seaguard_line\na,b\n"
    assert table(judged(records(data, Format.CSV), Form.CSV))[0][1] == "seaguard_line"


def test_a_line_for_a_person_stays_within_its_width() -> None:
    wide = b"x" * 200 + b"\n"
    for width in (40, 60, 100):
        found = records(wide, Format.TEXT, source="logs/a.txt")
        line = judged(found, Form.TEXT, with_source=True, look=Look(width=width)).decode()
        assert len(line.rstrip("\n")) <= width
        assert line.startswith("unsafe  0.973  logs/a.txt:1  xxx")
