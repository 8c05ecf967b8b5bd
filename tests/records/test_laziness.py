from __future__ import annotations

import io
import os
import threading
import time
from typing import BinaryIO, cast

import pytest

from seaguard_cli.errors import InputFailed
from seaguard_cli.records import Format, Record, Selection, read

from .helpers import described


@pytest.mark.parametrize(
    ("format", "start", "lines"),
    [
        (None, b"", [b"a\n", b"b\r\n", b"\n"]),
        (None, b"", [b'{"text": "a"}\n', b'{"text": "b"}\n']),
        (None, b"[", [b'{"text": "a"}', b',{"text": "b"}', b', "c"']),
        (Format.JSON, b"", [b'{"text": "a"}', b'\n{"text": "b"}', b'"c"']),
        (Format.CSV, b"id,text\n", [b"1,a\n", b'2,"b\nc"\n']),
    ],
    ids=["text", "jsonl", "array", "sequence", "csv"],
)
@pytest.mark.parametrize("buffered", [True, False])
def test_a_record_comes_before_the_next_is_written(
    format: Format | None, start: bytes, lines: list[bytes], buffered: bool
) -> None:
    reading, writing = os.pipe()
    with open(reading, "rb", buffering=-1 if buffered else 0) as stream:
        os.write(writing, start)
        source = read(cast(BinaryIO, stream), name="-", format=format, selection=Selection())
        for line in lines:
            os.write(writing, line)
            assert within(5, lambda: next(source)).failure is None
        os.close(writing)
        assert next(source, None) is None or format is None


def within(seconds: float, step: object) -> Record:
    """Run a step that must not wait for more input."""
    got: list[Record] = []
    thread = threading.Thread(target=lambda: got.append(step()), daemon=True)  # type: ignore[operator]
    thread.start()
    thread.join(seconds)
    assert got, "the reader waits for more than it needs"
    return got[0]


def test_nothing_is_read_before_the_first_record_is_asked_for() -> None:
    class Untouched(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise AssertionError

    read(cast(BinaryIO, Untouched()), name="-", format=None, selection=Selection())


def test_no_more_is_read_than_the_records_taken_need() -> None:
    class Counting(io.RawIOBase):
        reads = 0

        def read(self, size: int = -1) -> bytes:
            self.reads += 1
            return b"a\nb\n"

    stream = Counting()
    source = read(cast(BinaryIO, stream), name="-", format=Format.TEXT, selection=Selection())
    for _ in range(2):
        next(source)
    assert stream.reads == 1


@pytest.mark.skipif(os.name == "nt", reason="pipes are never non-blocking there")
@pytest.mark.parametrize("buffered", [True, False])
def test_a_pipe_that_is_empty_for_a_while_has_not_ended(buffered: bool) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)

    def produce() -> None:
        for line in (b"a\n", b"b", b"\nc"):
            time.sleep(0.05)
            os.write(writing, line)
        os.close(writing)

    thread = threading.Thread(target=produce)
    thread.start()
    with open(reading, "rb", buffering=-1 if buffered else 0) as stream:
        source = read(cast(BinaryIO, stream), name="-", format=None, selection=Selection())
        found = [record.raw for record in source]
    thread.join()
    assert found == [b"a", b"b", b"c"]


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), EOFError("broke off")])
def test_an_input_that_breaks_off_is_told_after_what_came_before(error: Exception) -> None:
    class Breaking(io.RawIOBase):
        reads = 0

        def read(self, size: int = -1) -> bytes:
            self.reads += 1
            if self.reads > 1:
                raise error
            return b"a\nb\nc"

    source = read(cast(BinaryIO, Breaking()), name="x.txt", format=None, selection=Selection())
    assert [described(next(source)) for _ in range(2)]
    with pytest.raises(InputFailed) as caught:
        next(source)
    assert caught.value.facts == {"path": "x.txt", "reason": str(error.args[-1])}
