from __future__ import annotations

import io
import itertools
import tracemalloc
from collections.abc import Callable
from typing import BinaryIO, cast

import pytest

from seaguard_cli.records import Format, Record, Selection, read

from .helpers import Endless, described, records, texts

MEBI = 2**20


def peak(stream: io.RawIOBase, format: Format, max_record: int) -> tuple[int, list[Record]]:
    tracemalloc.start()
    try:
        found = list(
            read(
                cast(BinaryIO, stream),
                name="-",
                format=format,
                selection=Selection(),
                max_record=max_record,
            )
        )
        return tracemalloc.get_traced_memory()[1], found
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("format", [Format.TEXT, Format.JSONL])
def test_a_line_may_be_as_long_as_the_limit_and_no_longer(format: Format) -> None:
    for end in (b"\n", b"\r\n"):
        fits, beyond = b'"' + b"x" * 98 + b'"', b'"' + b"x" * 99 + b'"'
        found = records(fits + end + beyond + end + fits, format, max_record=100, step=1)
        assert [described(record) == "too_large" for record in found] == [False, True, False]
        assert [record.end for record in found] == [end, end, b""]
        assert found[1].failure is not None
        assert found[1].failure.facts == {"limit": 100}
        assert found[1].raw == beyond


def test_of_a_line_that_is_too_large_the_first_64_kib_are_kept() -> None:
    line = bytes(itertools.islice(itertools.cycle(b"abcdefghijk"), 300_000))
    for step in (1000, 65_536, 400_000):
        found = records(line + b"\nb\n", Format.TEXT, max_record=100_000, step=step)
        assert texts(found) == ["too_large", "b"]
        assert found[0].raw == line[:65_536]


@pytest.mark.parametrize(
    ("format", "stream"),
    [
        (Format.TEXT, lambda: Endless(b"x" * 50_000, 64 * MEBI, end=b"\nb\n")),
        (Format.JSONL, lambda: Endless(b"x" * 50_000, 64 * MEBI, b'{"a": "', b'"}\n"b"\n')),
        (Format.JSON, lambda: Endless(b"x" * 50_000, 64 * MEBI, b'[{"a": "', b'"}, "b"]')),
        (
            Format.JSON,
            lambda: Endless(b"x" * 50_000, 64 * MEBI, b"["),
        ),
        (Format.JSON, lambda: Endless(b" " * 50_000, 64 * MEBI, b'["b",', b"]")),
        (Format.JSON, lambda: Endless(b" " * 50_000, 64 * MEBI, b'[{"a": "b\n', b"]")),
        (Format.CSV, lambda: Endless(b"x" * 50_000, 64 * MEBI, b'text\n"', b"\nb\n")),
    ],
    ids=["text", "jsonl", "json", "bare", "blanks", "broken", "csv"],
)
def test_what_is_too_large_is_read_past_in_bounded_memory(
    format: Format, stream: Callable[[], io.RawIOBase]
) -> None:
    used, found = peak(stream(), format, MEBI)
    assert used < 8 * MEBI
    assert 1 <= len(found) <= 2


def test_memory_does_not_grow_with_the_number_of_records() -> None:
    def used(size: int) -> int:
        stream = Endless(b'{"text": "x"}\n' * 1000, size)
        tracemalloc.start()
        try:
            for _ in read(cast(BinaryIO, stream), name="-", format=None, selection=Selection()):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert used(2 * MEBI) < used(MEBI // 4) + MEBI // 4
