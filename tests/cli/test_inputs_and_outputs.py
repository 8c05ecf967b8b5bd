"""What `check` reads and where it writes, together: packed files, Parquet, --out, --split."""

from __future__ import annotations

import gzip
import io
import json
import signal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seaguard_cli.cli.check_progress import input_size
from seaguard_cli.journal import InputDigest
from seaguard_cli.records import Format, Header, Selection, read

from .helpers import Kept, Ran, check
from .test_long_texts import HARMFUL, harmful_in_the_middle

pytestmark = pytest.mark.usefixtures("fake")

LINES = [f'{{"text": "{"a bomb" if at % 3 == 0 else "a cake"} {at}"}}\n' for at in range(9)]
CHAT = [
    {"role": "user", "content": "a bomb"},
    {"role": "assistant", "content": "no"},
    {"role": "user", "content": "thanks"},
]


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A folder of two files of records, packed, and one that is not."""
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.jsonl.gz").write_bytes(gzip.compress("".join(LINES[:4]).encode()))
    (folder / "b.jsonl.gz").write_bytes(gzip.compress("".join(LINES[4:6]).encode()))
    (folder / "c.jsonl").write_text("bad\n" + "".join(LINES[6:]))
    return folder


def parquet_file(path: Path, **columns: Any) -> str:
    pq.write_table(pa.table(columns), path)
    return str(path)


def table(data: bytes | Path) -> list[dict[str, Any]]:
    file = io.BytesIO(data) if isinstance(data, bytes) else data
    found: list[dict[str, Any]] = pq.read_table(file).to_pylist()
    return found


def sources(verdicts: list[Any]) -> list[tuple[str, int]]:
    return [(Path(one["source"]["file"]).name, one["source"]["line"]) for one in verdicts]


class TestSplit:
    def test_parquet_is_a_whole_file_for_each_label(self, tmp_path: Path, packed: Path) -> None:
        parts = tmp_path / "parts"
        ran = check(
            *("-f", str(packed / "*"), "--split", str(parts), "-o", "parquet", "--with-source")
        )
        assert (ran.out, ran.status) == (b"", 3)
        assert sorted(path.name for path in parts.iterdir()) == [
            "error.parquet",
            "safe.parquet",
            "unsafe.parquet",
        ]
        rows = {name: table(parts / f"{name}.parquet") for name in ("safe", "unsafe", "error")}
        assert [row["record"] for row in rows["unsafe"]] == [line.strip() for line in LINES[::3]]
        assert len(rows["safe"]) == 6
        assert {row["seaguard_label"] for row in rows["safe"]} == {"safe"}
        places = [
            (Path(row["seaguard_file"]).name, row["seaguard_line"])
            for row in rows["unsafe"] + rows["error"]
        ]
        assert places == [("a.jsonl.gz", 1), ("a.jsonl.gz", 4), ("c.jsonl", 2), ("c.jsonl", 1)]
        assert [row["seaguard_error"] for row in rows["error"]] == ["invalid_json"]

    def test_it_may_be_parquet_where_standard_output_is_a_terminal(self, tmp_path: Path) -> None:
        ran = check("--split", str(tmp_path), "-o", "parquet", "a bomb", terminals="out")
        assert ran.status == 0
        assert table(tmp_path / "unsafe.parquet")[0]["text"] == "a bomb"
        ran = check("-o", "parquet", "a bomb", terminals="out")
        assert (ran.out, ran.status) == (b"", 2)
        assert "standard output is a terminal" in ran.err

    @pytest.mark.parametrize("form", ["jsonl", "csv"])
    def test_sources_are_in_every_part(self, tmp_path: Path, packed: Path, form: str) -> None:
        check("-f", str(packed / "*"), "--split", str(tmp_path), "-o", form, "--with-source")
        lines = (tmp_path / f"unsafe.{form}").read_text().splitlines()
        if form == "jsonl":
            found = sources([json.loads(line)["seaguard"] for line in lines])
        else:
            assert lines[0].endswith("seaguard_error,seaguard_file,seaguard_line")
            cells = [line.split(",")[-2:] for line in lines[1:]]
            found = [(Path(file).name, int(line)) for file, line in cells]
        assert found == [("a.jsonl.gz", 1), ("a.jsonl.gz", 4), ("c.jsonl", 2)]

    @pytest.mark.parametrize("form", ["csv", "parquet"])
    def test_what_could_not_begin_leaves_no_file_in_the_way(
        self, tmp_path: Path, form: str
    ) -> None:
        parts = tmp_path / "parts"
        file = parquet_file(tmp_path / "a.parquet", text=["a bomb"], seaguard_label=["safe"])
        arguments = ("-f", file, "--split", str(parts), "-o", form)
        assert "has a column 'seaguard_label' already" in check(*arguments).err
        assert check(*arguments, "--replace").status == 0
        assert b"a bomb" in (parts / f"unsafe.{form}").read_bytes()

    def test_a_file_in_the_way_leaves_no_others_behind(self, tmp_path: Path) -> None:
        (tmp_path / "error.jsonl").write_bytes(b"mine\n")
        assert check("--split", str(tmp_path), "hello").status == 2
        assert [path.name for path in tmp_path.glob("*.jsonl")] == ["error.jsonl"]


class TestResume:
    def to_file(self, out: Path, *arguments: str) -> Ran:
        return check("--out", str(out), *arguments)

    def test_packed_files_are_gone_on_with(self, tmp_path: Path, packed: Path) -> None:
        out, whole = tmp_path / "judged.jsonl", tmp_path / "whole.jsonl"
        arguments = ("-f", str(packed / "*"), "--with-source")
        assert self.to_file(whole, *arguments).status == 3
        rest = (packed / "b.jsonl.gz").read_bytes(), (packed / "c.jsonl").read_bytes()
        (packed / "b.jsonl.gz").write_bytes(gzip.compress(LINES[4].encode()))
        (packed / "c.jsonl").unlink()
        self.to_file(out, *arguments)
        (packed / "b.jsonl.gz").write_bytes(rest[0])
        (packed / "c.jsonl").write_bytes(rest[1])
        ran = self.to_file(out, *arguments, "--resume")
        assert "holds 5 records: going on after them" in ran.err
        assert out.read_bytes() == whole.read_bytes()
        (packed / "a.jsonl.gz").write_bytes(gzip.compress("".join(LINES[1:5]).encode()))
        assert (
            "its input is not that of the 10 records"
            in self.to_file(out, *arguments, "--resume").err
        )

    def test_rows_of_parquet_are_gone_on_with(self, tmp_path: Path) -> None:
        out, whole, file = tmp_path / "judged.csv", tmp_path / "whole.csv", tmp_path / "a.parquet"
        ids, texts = list(range(200)), [f"text {at}" for at in range(199)] + ["a bomb"]
        arguments = ("-f", parquet_file(file, id=ids, text=texts), "-o", "csv")
        self.to_file(whole, *arguments)
        # In groups of other sizes it is the same input.
        pq.write_table(pa.table({"id": ids[:70], "text": texts[:70]}), file, row_group_size=7)
        self.to_file(out, *arguments)
        parquet_file(file, id=ids, text=texts)
        assert self.to_file(out, *arguments, "--resume").status == 0
        assert out.read_bytes() == whole.read_bytes()
        parquet_file(file, id=[7, *ids[1:]], text=texts)
        assert "its input is not that of the 200" in self.to_file(out, *arguments, "--resume").err

    def test_other_columns_are_another_input(self) -> None:
        def digest(**columns: Any) -> str:
            file = io.BytesIO()
            pq.write_table(pa.table(columns), file)
            file.seek(0)
            headers: list[Header] = []
            format = Format.PARQUET
            selection = Selection()
            name = "a.parquet"
            list(
                read(file, name=name, format=format, selection=selection, on_header=headers.append)
            )
            found = InputDigest()
            found.add(headers[0])
            return found.value

        assert digest(a=[]) == digest(a=[])
        assert digest(a=[]) != digest(b=[])

    def test_the_form_stays_that_with_sources(self, tmp_path: Path) -> None:
        out = tmp_path / "judged.jsonl"
        self.to_file(out, "--with-source", "hello")
        ran = self.to_file(out, "--resume", "hello")
        assert "the run was begun with --with-source: repeat" in ran.err
        assert ran.status == 2
        ran = self.to_file(out, "--resume", "--whole", "--replace", "--threshold", "0.7", "hello")
        begun = (
            "the run was begun with another threshold, --with-source, without --replace, --whole"
        )
        assert begun in ran.err

    def test_the_first_failure_keeps_its_file(self, tmp_path: Path, packed: Path) -> None:
        out = tmp_path / "judged.jsonl"
        first = self.to_file(out, "-f", str(packed / "*")).told[-1]
        again = self.to_file(out, "-f", str(packed / "*"), "--resume").told[-1]
        assert again == first
        assert again.endswith(f"the first at {packed / 'c.jsonl'}, line 1")


class TestParquetToItsEnd:
    @pytest.mark.parametrize(("last", "status"), [("interrupt", 130), ("engine breaks", 5)])
    def test_what_was_judged_can_be_read(self, last: str, status: int) -> None:
        ran = check("-o", "parquet", stdin=b"a bomb\nhello\nand\nmore\n" + last.encode())
        assert ran.status == status
        assert [row["text"] for row in table(ran.out)] == ["a bomb", "hello", "and", "more"]

    def test_so_it_can_where_the_input_breaks_off(self, tmp_path: Path) -> None:
        file = tmp_path / "a.jsonl.gz"
        file.write_bytes(gzip.compress("".join(LINES).encode())[:-5])
        ran = check("-f", str(file), "-o", "parquet")
        assert ran.status == 74
        assert len(table(ran.out)) == 9

    @pytest.mark.parametrize("at", [1, 2, 4])
    def test_ctrl_c_while_it_is_written_tears_nothing(
        self, at: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Interrupting(Kept):
            writes = 0

            def write(self, data: Any, /) -> int:
                type(self).writes += 1
                if self.writes == at:
                    signal.raise_signal(signal.SIGINT)
                return super().write(data)

        monkeypatch.setattr("seaguard_cli.records.writers.parquet._MOST_ROWS", 2)
        ran = check("-o", "parquet", stdin=b"a bomb\nhello\nand\n", stdout=Interrupting())
        assert ran.status == 130
        assert [row["text"] for row in table(ran.out)][:2] == ["a bomb", "hello"]


class TestConversationsAndWindows:
    def test_messages_of_parquet_are_judged_as_those_of_json(self, tmp_path: Path) -> None:
        chats = [CHAT, [*CHAT, {"role": "assistant", "content": "a bomb"}], []]
        file = parquet_file(tmp_path / "a.parquet", messages=chats)
        lines = "".join(json.dumps({"messages": chat}) + "\n" for chat in chats).encode()
        for arguments in ((), ("--each-turn",), ("--task", "prompt")):
            ran = check("-f", file, *arguments)
            plain = check("--input-format", "jsonl", *arguments, stdin=lines)
            assert ran.labels == plain.labels
            assert ran.verdicts == plain.verdicts
        assert check("-f", file).labels == ["safe", "unsafe", "missing_field"]

    def test_turns_are_a_column_of_parquet(self, tmp_path: Path) -> None:
        file = parquet_file(tmp_path / "a.parquet", messages=[CHAT, CHAT[1:]])
        rows = table(check("-f", file, "--each-turn", "-o", "parquet").out)
        assert rows[0]["messages"] == CHAT
        assert [row["seaguard_label"] for row in rows] == ["unsafe", "safe"]
        turns = [
            [(one["turn"], one["role"], one["label"]) for one in row["seaguard_turns"]]
            for row in rows
        ]
        assert turns[0] == [(0, "user", "unsafe"), (1, "assistant", "unsafe"), (2, "user", "safe")]
        assert [one[0] for one in turns[1]] == [0, 1]

    @pytest.mark.parametrize("format", ["csv", "parquet"])
    def test_a_window_names_the_column(self, tmp_path: Path, format: str) -> None:
        text = harmful_in_the_middle(60_000)
        path = tmp_path / f"a.{format}"
        if format == "csv":
            path.write_text(f'id,message\n1,"{text}"\n')
        else:
            parquet_file(path, id=[1], message=[text])
        (verdict,) = check("-f", str(path)).verdicts
        window = verdict["window"]
        assert (verdict["label"], window["field"]) == ("unsafe", "message")
        assert HARMFUL in text[window["start"] : window["end"]]
        (row,) = table(check("-f", str(path), "-o", "parquet").out)
        said = {name: row[f"seaguard_window_{name}"] for name in ("field", "start", "end")}
        assert said == window
        assert row["seaguard_windows"] == verdict["windows"] > 1
        assert row["seaguard_truncated"] is False


def test_a_line_for_a_person_has_room_for_place_and_note(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps({"messages": [{"role": "user", "content": "a bomb " * 40}]}))
    arguments = ("-f", str(file), "--field", "messages", "--each-turn", "--with-source", "-o")
    width = len(str(file)) + 60
    ran = check(*arguments, "text", terminals="out", variables={"COLUMNS": str(width)})
    line = ran.lines[0].decode().replace("\x1b[1;31m", "").replace("\x1b[0m", "")
    assert f"  {file}:1  [turn 0] a bomb" in line
    assert len(line) <= width


class TestSizes:
    def test_only_of_files_that_are_as_large_as_their_records(self, packed: Path) -> None:
        plain = packed / "c.jsonl"
        assert input_size([str(plain), str(plain)]) == 2 * plain.stat().st_size
        assert input_size([str(plain), str(packed / "a.jsonl.gz")]) is None
        assert input_size(["-"]) is None
        assert input_size([str(plain), str(packed / "gone.jsonl")]) is None

    def test_the_first_bytes_tell_too(self, tmp_path: Path) -> None:
        for name, data in (
            ("packed", gzip.compress(b"hello\n")),
            ("rows", Path(parquet_file(tmp_path / "b.parquet", a=[1])).read_bytes()),
            ("c.ZST", b""),
        ):
            (tmp_path / name).write_bytes(data)
            assert input_size([str(tmp_path / name)]) is None
