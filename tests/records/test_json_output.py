from __future__ import annotations

import json

from seaguard_cli.records import Form, Format, Look, open_writer

from .helpers import UNSAFE, Sink, input_of, judged, records, wording

LINES = b'{"text": "a"}\n"b"\nbad\n'


def test_an_empty_input_gives_no_lines_and_an_empty_array() -> None:
    assert judged([], Form.JSONL) == b""
    assert judged([], Form.JSON) == b"[]\n"


def test_an_array_has_an_element_a_line() -> None:
    lines = judged(records(LINES, Format.JSONL), Form.JSON).splitlines()
    assert (lines[0], lines[-1]) == (b"[", b"]")
    assert [line.endswith(b",") for line in lines[1:-1]] == [True, True, False]
    assert len(json.loads(b"\n".join(lines))) == 3


def test_an_array_is_ended_though_the_input_broke_off() -> None:
    sink = Sink()
    writer = open_writer(Form.JSON, sink, wording=wording, look=Look())
    writer.write(records(LINES, Format.JSONL)[0], UNSAFE)
    writer.close()
    assert len(json.loads(sink.data)) == 1


def test_every_record_is_one_write_and_flushed() -> None:
    for form in set(Form) - {Form.PARQUET}:
        sink = Sink()
        writer = open_writer(form, sink, wording=wording, look=Look())
        before = 1 if form is Form.CSV else 0
        for number, record in enumerate(records(LINES, Format.JSONL), 1):
            writer.write(record, record.failure or UNSAFE)
            assert (len(sink.writes), sink.flushes) == (number + before, number + before)


def test_a_row_becomes_an_object_of_its_cells() -> None:
    written = judged(records(b'id,text,"a ""b"""\n1,"x\ny",\n', Format.CSV))
    assert json.loads(written) == {
        "id": "1",
        "text": "x\ny",
        'a "b"': "",
        "seaguard": json.loads(written)["seaguard"],
    }
    assert written.count(b"\n") == 1


def test_a_ragged_row_comes_back_as_base64() -> None:
    written = judged(records(b'id,text\n1,"a\nb",c\n', Format.CSV))
    assert input_of(written) == b'1,"a\nb",c'


def test_what_is_missing_from_an_array_has_empty_input() -> None:
    assert input_of(judged(records(b"[1,,2]", Format.JSON)).splitlines()[1]) == b""


def test_a_terminal_is_shown_escapes() -> None:
    line = '{"text": "a\u202eb\x7f\x9b"}\n'.encode()
    for form in (Form.JSONL, Form.JSON):
        shown = judged(records(line, Format.JSONL), form, look=Look(literal=True))
        assert b'{"text": "a\\u202eb\\x7f\\x9b", "seaguard": ' in shown
        assert shown.endswith(b"\n")
