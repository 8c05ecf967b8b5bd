"""Parquet out: pyarrow reads what is written, row by row what went in and what was said of it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaguard_cli.errors import (
    Failure,
    FailureCode,
    OutputFailed,
    OutputUnfinished,
    ParquetMissing,
    UsageError,
)
from seaguard_cli.records import (
    Form,
    Format,
    Header,
    Look,
    Outcome,
    Record,
    Selection,
    from_arguments,
    open_split,
    open_writer,
    schema,
)
from seaguard_cli.verdict import TurnVerdict, Verdict, Window

from .helpers import MODEL, UNSAFE, Sink, judged, records, wording
from .test_parquet_input import TURNS, parquet

TURN_TYPE = pa.list_(
    pa.struct(
        {
            "turn": "int64",
            "role": "string",
            "label": "string",
            "score": "double",
            "low_mass": "bool",
            "windows": "int64",
            "window_field": "string",
            "window_start": "int64",
            "window_end": "int64",
            "kept_field": "string",
            "kept_start": "int64",
            "kept_end": "int64",
            "truncated": "bool",
        }
    )
)
OURS = {
    "seaguard_label": "string",
    "seaguard_score": "double",
    "seaguard_threshold": "double",
    "seaguard_task": "string",
    "seaguard_model": "string",
    "seaguard_low_mass": "bool",
    "seaguard_windows": "int64",
    "seaguard_window_field": "string",
    "seaguard_window_start": "int64",
    "seaguard_window_end": "int64",
    "seaguard_kept_field": "string",
    "seaguard_kept_start": "int64",
    "seaguard_kept_end": "int64",
    "seaguard_truncated": "bool",
    "seaguard_turns": str(TURN_TYPE).replace("item", "element"),
    "seaguard_error": "string",
    "seaguard_error_message": "string",
}
SAID = {
    **dict.fromkeys(OURS),
    "seaguard_label": "unsafe",
    "seaguard_score": 0.9731,
    "seaguard_threshold": 0.5,
    "seaguard_task": "prompt",
    "seaguard_model": MODEL,
    "seaguard_low_mass": False,
    "seaguard_truncated": False,
}


def failed(code: str) -> dict[str, object]:
    return {**dict.fromkeys(OURS), "seaguard_error": code}


def written(data: bytes, format: Format | None = None, **options: Any) -> pa.Table:
    headers: list[Header] = []
    found = records(data, format, headers=headers)
    return pq.read_table(io.BytesIO(judged(found, Form.PARQUET, headers=headers, **options)))


def rows(data: bytes, format: Format | None = None, **options: Any) -> list[dict[str, Any]]:
    return without_messages(written(data, format, **options))


def without_messages(whole: pa.Table) -> list[dict[str, Any]]:
    """The rows, each failure's message compared to nothing but whether there is one."""
    found = whole.to_pylist()
    for row in found:
        assert (row["seaguard_error"] is None) == (row["seaguard_error_message"] is None)
        row["seaguard_error_message"] = None
    return found


class TestColumns:
    def test_those_of_a_parquet_file_keep_their_types_and_values(self) -> None:
        whole = pa.table(
            {
                "id": pa.array([1, None, 3], pa.int16()),
                "text": pa.array(["a", None, "c"], pa.large_string()),
                "at": pa.array([1, 2, None], pa.timestamp("ns", "Asia/Bangkok")),
                "category": pa.array(["x", "y", None]).dictionary_encode(),
                "turns": pa.array([TURNS, None, []]),
                "bytes": pa.array([b"\xff", b"", None]),
                "map": pa.array([[("a", 1)], [], None], pa.map_(pa.string(), pa.int8())),
            }
        ).replace_schema_metadata({"made by": "a test"})
        got = written(parquet(whole))
        assert got.select(whole.column_names).equals(pq.read_table(io.BytesIO(parquet(whole))))
        assert got.schema.metadata[b"made by"] == b"a test"
        assert got.schema.names == [*whole.column_names, *OURS]
        assert {name: str(got.schema.field(name).type) for name in OURS} == OURS
        assert got.column("seaguard_label").to_pylist() == ["unsafe", None, "unsafe"]
        assert got.column("seaguard_error").to_pylist() == [None, "missing_field", None]

    def test_those_of_a_table_are_strings(self) -> None:
        data = b'id,text\n1,"a\nb"\n2\n\xff,c\n3,d,e\n'
        assert rows(data, Format.CSV) == [
            {"id": "1", "text": "a\nb", **SAID},
            {"id": "2", "text": None, **failed("ragged_row")},
            {"id": None, "text": None, **failed("invalid_utf8")},
            {"id": "3", "text": "d", **failed("ragged_row")},
        ]

    def test_a_json_value_is_one_column_as_it_came(self) -> None:
        first = b'{"id": 1180591620717411303424, "text": "a", "x":1E5 }'
        data = first + b'\n"b"\nbad\n7\n\xff\n{"n": 1}\n'
        assert rows(data, Format.JSONL) == [
            {"record": first.decode(), **SAID},
            {"record": '"b"', **SAID},
            {"record": "bad", **failed("invalid_json")},
            {"record": "7", **failed("not_text")},
            {"record": None, **failed("invalid_utf8")},
            {"record": '{"n": 1}', **failed("missing_field")},
        ]

    def test_a_text_has_a_column_text(self) -> None:
        assert rows("ก\n\n\0".encode(), Format.TEXT) == [
            {"text": text, **SAID} for text in ("ก", "", "\0")
        ]

    def test_a_text_with_a_response_has_two(self) -> None:
        found = from_arguments(["a"], response="b", selection=Selection())
        got = pq.read_table(io.BytesIO(judged(found, Form.PARQUET)))
        assert got.to_pylist() == [{"prompt": "a", "response": "b", **SAID}]

    def test_failures_before_the_first_value_keep_their_place(self) -> None:
        assert rows(b'bad\n{"text": "a"}\n', Format.JSONL) == [
            {"record": "bad", **failed("invalid_json")},
            {"record": '{"text": "a"}', **SAID},
        ]

    def test_what_is_too_large_is_not_pretended_to_be_whole(self) -> None:
        found = records(b'"a"\n"' + b"b" * 99 + b'"\n', Format.JSONL, max_record=50)
        got = pq.read_table(io.BytesIO(judged(found, Form.PARQUET)))
        assert got.column("record").to_pylist() == ['"a"', None]

    def test_failures_alone_and_nothing_at_all_have_ours(self) -> None:
        assert rows(b"\xff\n", Format.TEXT) == [failed("invalid_utf8")]
        got = written(b"", Format.TEXT)
        assert (got.num_rows, got.schema.names) == (0, list(OURS))

    def test_a_file_without_rows_keeps_its_columns(self) -> None:
        got = written(parquet({"id": pa.array([], pa.int8())}))
        assert (got.num_rows, got.schema.names) == (0, ["id", *OURS])
        assert got.schema.field("id").type == pa.int8()

    def test_a_verdict_says_all_that_it_knows(self) -> None:
        verdict = Verdict(
            "safe",
            None,
            0.25,
            "response",
            MODEL,
            low_mass=True,
            windows=12,
            window=Window("response", 10, 20),
            truncated=True,
            kept=Window("prompt", 0, 7),
            turns=(TurnVerdict(3, "assistant", UNSAFE),),
        )
        found = records(b"a\n", Format.TEXT)
        (row,) = pq.read_table(io.BytesIO(judged(found, Form.PARQUET, verdict))).to_pylist()
        judged_so = ("safe", None, 0.25, "response", MODEL)
        so = (True, 12, "response", 10, 20, "prompt", 0, 7, True)
        turn = (3, "assistant", "unsafe", 0.9731, False, *[None] * 7, False)
        turns = [dict(zip((field.name for field in TURN_TYPE.value_type), turn, strict=True))]
        values = (*judged_so, *so, turns, None, None)
        assert row == {"text": "a", **dict(zip(OURS, values, strict=True))}

    def test_there_is_one_for_everything_that_json_says(self) -> None:
        verdict = json.loads(schema())["$defs"]["verdict"]["properties"]
        # A part of a text is told in three columns, and a source in columns of its own.
        ours = {name.removeprefix("seaguard_") for name in OURS}
        parts = {one for one in ours if one.startswith(("window_", "kept_", "error"))}
        assert {*verdict} - {"source", "window", "kept"} == ours - parts

    def test_a_failure_has_its_message(self) -> None:
        failure = Failure(FailureCode.TOO_LONG, {"tokens": 9000, "limit": 4096})
        found = records(b"a\n", Format.TEXT)
        (row,) = pq.read_table(io.BytesIO(judged(found, Form.PARQUET, failure))).to_pylist()
        assert row["seaguard_error"] == "too_long"
        assert row["seaguard_error_message"] == wording(failure)

    def test_the_key_begins_their_names(self) -> None:
        assert written(b"a\n", Format.TEXT, key="guard").schema.names[1] == "guard_label"


class TestColumnsOfOurs:
    def test_one_that_is_there_is_refused_and_nothing_is_written(self) -> None:
        sink = Sink()
        writer = open_writer(Form.PARQUET, sink, wording=wording, look=Look())
        with pytest.raises(UsageError, match="seaguard_score"):
            writer.header(Header(b"", ("text", "seaguard_score"), ","))
        writer.close()
        assert sink.writes == []

    def test_replacing_overwrites_them(self) -> None:
        noted: list[str] = []
        data = parquet({"seaguard_score": ["old"], "text": ["a"], "seaguard_label": [1]})
        assert rows(data, replace=True, note=noted.append) == [{"text": "a", **SAID}]
        assert noted == []

    def test_what_was_judged_may_be_judged_again(self) -> None:
        once = judged(records(parquet({"text": ["a"]})), Form.PARQUET)
        assert rows(once, replace=True) == [{"text": "a", **SAID}]


class TestSeveralInputs:
    def test_the_first_tells_the_columns_and_what_has_none_is_told_once(self) -> None:
        noted: list[str] = []
        got = several(
            parquet({"id": [1], "text": ["a"]}),
            parquet({"text": ["b", "c"], "more": [2, 3]}),
            b'{"text": "d"}\n',
            note=noted.append,
        )
        assert got == [
            {"id": 1, "text": "a", **SAID},
            {"id": None, "text": "b", **SAID},
            {"id": None, "text": "c", **SAID},
            {"id": None, "text": None, **SAID},
        ]
        assert noted == ["more", "record"]

    def test_what_fits_a_type_is_made_to_fit(self) -> None:
        noted: list[str] = []
        got = several(
            parquet({"id": pa.array([1], pa.int64()), "text": ["a"]}),
            parquet({"id": pa.array([2], pa.int8()), "text": pa.array(["b"], pa.large_string())}),
            b"id,text\n3,c\n",
            formats=[None, None, Format.CSV],
            note=noted.append,
        )
        assert [(row["id"], row["text"]) for row in got] == [(1, "a"), (2, "b"), (3, "c")]
        assert noted == []

    def test_what_does_not_fit_a_type_is_told(self) -> None:
        noted: list[str] = []
        got = several(
            parquet({"id": [1], "text": ["a"], "m": [{"x": 1}]}),
            parquet({"id": ["two"], "text": ["b"], "m": [{"y": 2}]}),
            note=noted.append,
        )
        assert [(row["id"], row["text"], row["m"]) for row in got] == [
            (1, "a", {"x": 1}),
            (None, "b", None),
        ]
        assert noted == ["id", "m"]

    def test_a_column_that_may_not_be_null_may_be_where_another_input_lacks_it(self) -> None:
        schema = pa.schema([pa.field("id", pa.int8(), nullable=False), ("text", pa.string())])
        first = parquet(pa.table({"id": [1], "text": ["a"]}, schema=schema))
        got = several(first, parquet({"text": ["b"]}))
        assert [row["id"] for row in got] == [1, None]


class TestGroups:
    def test_memory_is_bounded_by_their_size(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("seaguard_cli.records.writers.parquet._MOST_ROWS", 100)
        sink = Sink()
        data = parquet({"n": list(range(250)), "text": ["a"] * 250})
        writer = open_writer(Form.PARQUET, sink, wording=wording, look=Look())
        sizes = []
        for record in records(data):
            writer.write(record, UNSAFE)
            sizes.append(len(sink.data))
        writer.close()
        assert [at + 1 for at in range(1, 250) if sizes[at] > sizes[at - 1]] == [100, 200]
        file = pq.ParquetFile(io.BytesIO(sink.data))
        groups = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
        assert groups == [100, 100, 50]
        assert file.read().column("n").to_pylist() == list(range(250))

    def test_large_records_fill_one_sooner(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("seaguard_cli.records.writers.parquet._MOST_BYTES", 10_000)
        for data, format in (
            (b'"' + b"x" * 3000 + b'"\n', Format.JSONL),
            (b"x" * 3000 + b"\n", Format.TEXT),
        ):
            found = records(data * 10, format)
            file = pq.ParquetFile(io.BytesIO(judged(found, Form.PARQUET)))
            assert (file.metadata.num_rows, file.num_row_groups) == (10, 3)
        found = records(parquet({"text": ["x" * 3000] * 1000}, row_group_size=10))
        file = pq.ParquetFile(io.BytesIO(judged(found, Form.PARQUET)))
        assert file.metadata.num_rows == 1000
        assert file.num_row_groups > 50

    OUTCOMES = st.sampled_from([UNSAFE, Failure(FailureCode.ENGINE, {"problem": "p"})])

    @given(
        st.lists(
            st.tuples(
                st.integers() | st.none(),
                st.text(st.characters(exclude_categories=["Cs"])) | st.none(),
            ),
            max_size=150,
        ),
        st.integers(1, 40),
        st.integers(1, 40),
        st.data(),
    )
    def test_every_row_is_there_in_its_order(
        self, cells: list[Any], group_in: int, group_out: int, data: st.DataObject
    ) -> None:
        ids = [None if one is None else one % 2**60 for one, _ in cells]
        whole = pa.table(
            {"id": pa.array(ids, pa.int64()), "text": pa.array([t for _, t in cells], pa.string())}
        )
        headers: list[Header] = []
        found = records(parquet(whole, row_group_size=group_in), headers=headers)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("seaguard_cli.records.writers.parquet._MOST_ROWS", group_out)
            sink = Sink()
            writer = open_writer(Form.PARQUET, sink, wording=wording, look=Look())
            writer.header(headers[0])
            outcomes: list[Outcome] = []
            for record in found:
                outcomes.append(record.failure or data.draw(self.OUTCOMES))
                writer.write(record, outcomes[-1])
            writer.close()
        got = pq.read_table(io.BytesIO(sink.data))
        assert got.select(["id", "text"]).equals(whole)
        assert got.column("seaguard_error").to_pylist() == [
            one.code.value if isinstance(one, Failure) else None for one in outcomes
        ]


class Full(Sink):
    """Takes so many bytes and no more."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room

    def write(self, data: bytes, /) -> None:
        if len(self.data) + len(data) > self._room:
            raise OutputFailed(path="standard output", reason="No space left on device")
        super().write(data)


class TestEnds:
    def test_records_wait_until_their_group_is_written(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("seaguard_cli.records.writers.parquet._MOST_ROWS", 2)
        writer = open_writer(Form.PARQUET, Sink(), wording=wording, look=Look())
        held = []
        for record in records(b"a\nb\nc\n", Format.TEXT):
            writer.write(record, UNSAFE)
            held.append(writer.holds)
        assert held == [True, False, True]

    def test_a_part_that_cannot_be_ended_keeps_no_other_from_its_end(self) -> None:
        sinks = {"safe": Full(0), "unsafe": Sink(), "error": Full(0)}
        parts = {
            name: open_writer(Form.PARQUET, sink, wording=wording, look=Look())
            for name, sink in sinks.items()
        }
        split = open_split(parts)
        for record in records(b"a\nb\n", Format.TEXT):
            split.write(record, UNSAFE)
        with pytest.raises(OutputUnfinished):
            split.close()
        assert pq.read_table(io.BytesIO(sinks["unsafe"].data)).num_rows == 2

    def test_what_was_written_is_a_whole_file_wherever_it_is_closed(self) -> None:
        found = records(b"a\nb\nc\n", Format.TEXT)
        for count in range(4):
            got = pq.read_table(io.BytesIO(judged(found[:count], Form.PARQUET)))
            assert got.num_rows == count

    @pytest.mark.parametrize("room", [0, 3, 200, 2000])
    def test_one_that_is_full_is_told_to_lack_its_end(self, room: int) -> None:
        sink = Full(room)
        writer = open_writer(Form.PARQUET, sink, wording=wording, look=Look())
        with pytest.raises(OutputUnfinished, match="No space left"):
            write_all(writer, records(b"some text\n" * 3000, Format.TEXT))
        before = sink.data
        writer.close()
        assert sink.data == before

    def test_one_whose_reader_has_gone_is_a_broken_pipe(self) -> None:
        class Gone(Sink):
            def write(self, data: bytes, /) -> None:
                raise BrokenPipeError(32, "Broken pipe")

        writer = open_writer(Form.PARQUET, Gone(), wording=wording, look=Look())
        with pytest.raises(BrokenPipeError):
            write_all(writer, records(b"a\n", Format.TEXT))
        writer.close()

    def test_without_pyarrow_it_is_told_what_to_install(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        with pytest.raises(ParquetMissing) as caught:
            open_writer(Form.PARQUET, Sink(), wording=wording, look=Look())
        assert caught.value.facts == {"path": "-o parquet"}


def write_all(writer: Any, found: Iterable[Record]) -> None:
    for record in found:
        writer.write(record, UNSAFE)
    writer.close()


def several(
    *inputs: bytes, formats: list[Format | None] | None = None, **options: Any
) -> list[dict[str, Any]]:
    sink = Sink()
    writer = open_writer(Form.PARQUET, sink, wording=wording, look=Look(), **options)
    for data, format in zip(inputs, formats or [None] * len(inputs), strict=True):
        headers: list[Header] = []
        found = records(data, format, headers=headers)
        for header in headers:
            writer.header(header)
        for record in found:
            writer.write(record, record.failure or UNSAFE)
    writer.close()
    return without_messages(pq.read_table(io.BytesIO(sink.data)))


def test_json_reads_what_a_record_column_holds() -> None:
    lines = [{"text": "ก", "n": number} for number in range(5)]
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    got = written(data, Format.JSONL).column("record").to_pylist()
    assert [json.loads(one) for one in got] == lines
