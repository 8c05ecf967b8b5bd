"""What is packed is unpacked as it is read; a cut or damaged archive gives what comes before."""

from __future__ import annotations

import gzip
import io
import os
import random
import sys
import threading
import tracemalloc
import zlib
from collections.abc import Callable
from typing import BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaguard_cli.errors import InputFailed, InputPacked, ZstdMissing
from seaguard_cli.records import Format, Record, Selection, read

from .helpers import Endless, Trickle, records, texts

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Pack = Callable[[bytes], bytes]
MEBI = 2**20


def gz(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def zst(data: bytes) -> bytes:
    return zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})


PACKS = pytest.mark.parametrize(("suffix", "pack"), [(".gz", gz), (".zst", zst)])


def lines(count: int) -> bytes:
    """Lines that do not pack well, so that there is much between first and last byte."""
    dice = random.Random(count)
    return b"".join(b"%d %s\n" % (n, dice.randbytes(30).hex().encode()) for n in range(count))


def until_broken(stream: io.RawIOBase | io.BytesIO, name: str = "-") -> tuple[list[Record], str]:
    """Give the records before reading breaks off, and why it does."""
    found = []
    source = read(cast(BinaryIO, stream), name=name, format=Format.TEXT, selection=Selection())
    try:
        found.extend(source)
    except InputFailed as error:
        return found, str(error.facts["reason"])
    return found, ""


def whole_lines(data: bytes) -> list[bytes]:
    return data.split(b"\n")[:-1]


class TestWhatIsPacked:
    @PACKS
    @pytest.mark.parametrize("step", [1, 3, 1000, None])
    def test_the_first_bytes_tell(self, suffix: str, pack: Pack, step: int | None) -> None:
        assert texts(records(pack(b'{"text": "a"}\n{"text": "b"}\n'), step=step)) == ["a", "b"]

    @PACKS
    @pytest.mark.parametrize(
        ("name", "data", "expected"),
        [
            ("a.jsonl", b'"x"\n', ["x"]),
            ("a.json", b'["x", "y"]', ["x", "y"]),
            ("a.csv", b'id,text\n1,"x\ny"\n', ["x\ny"]),
            ("a.TSV", b"id\ttext\n1\tx\n", ["x"]),
            ("a.txt", b'{"text": "x"}\n', ['{"text": "x"}']),
            ("a", b'{"text": "x"}\n', ["x"]),
        ],
    )
    def test_the_inner_suffix_tells_the_format(
        self, suffix: str, pack: Pack, name: str, data: bytes, expected: list[str]
    ) -> None:
        assert texts(records(pack(data), name=name + suffix)) == expected
        assert texts(records(pack(data), name=name + suffix.upper())) == expected

    @PACKS
    def test_the_first_bytes_count_more_than_the_suffix(self, suffix: str, pack: Pack) -> None:
        other = {".gz": ".zst", ".zst": ".gz"}[suffix]
        assert texts(records(pack(b'"x"\n'), name="a.jsonl" + other)) == ["x"]

    @PACKS
    def test_a_format_that_is_given_is_that_of_what_is_packed(
        self, suffix: str, pack: Pack
    ) -> None:
        assert texts(records(pack(b'{"text": "x"}\n'), Format.TEXT)) == ['{"text": "x"}']
        assert texts(records(pack(b"a\nb\n"), whole=True)) == ["a\nb"]

    @PACKS
    def test_a_mark_and_another_encoding_are_seen_inside(self, suffix: str, pack: Pack) -> None:
        assert texts(records(pack(b"\xef\xbb\xbfx\n"))) == ["x"]

    @PACKS
    def test_nothing_packed_is_nothing(self, suffix: str, pack: Pack) -> None:
        assert records(pack(b""), name=f"a.jsonl{suffix}") == []

    @PACKS
    def test_members_and_frames_follow_each_other(self, suffix: str, pack: Pack) -> None:
        data = pack(b"a\nb") + pack(b"") + pack(b"c\n") + pack(b"d")
        for step in (1, 7, None):
            assert texts(records(data, Format.TEXT, step=step)) == ["a", "bc", "d"]

    @pytest.mark.parametrize("step", [1, 1000, None])
    def test_zeros_that_fill_up_an_archive_are_none_of_it(self, step: int | None) -> None:
        data = gz(b"a\n") + b"\0" * 700 + gz(b"b\n") + b"\0" * 3000
        assert texts(records(data, Format.TEXT, step=step)) == ["a", "b"]

    @pytest.mark.parametrize("step", [1, 1000, None])
    def test_frames_to_skip_are_skipped(self, step: int | None) -> None:
        skipped = b"\x5a\x2a\x4d\x18" + (3000).to_bytes(4, "little") + b"\xfd" * 3000
        data = skipped + zst(b"a\n") + skipped + zst(b"b\n") + skipped
        assert texts(records(data, Format.TEXT, step=step)) == ["a", "b"]

    @PACKS
    @given(st.binary(max_size=3000), st.integers(1, 300), st.integers(1, 5))
    def test_every_byte_comes_through(
        self, suffix: str, pack: Pack, data: bytes, step: int, parts: int
    ) -> None:
        # What has a meaning of its own at the beginning is tested elsewhere.
        data = b"." + data
        size = len(data) // parts + 1
        cut = [data[at : at + size] for at in range(0, len(data), size)]
        packed = b"".join(pack(part) for part in cut)
        found, reason = until_broken(Trickle(packed, step))
        plain, _ = until_broken(io.BytesIO(data))
        assert (found, reason) == (plain, "")


class TestWhatIsNotWhole:
    @PACKS
    @settings(max_examples=40)
    @given(st.data())
    def test_a_cut_archive_gives_the_lines_that_are_whole(
        self, suffix: str, pack: Pack, data: st.DataObject
    ) -> None:
        whole = lines(3000)
        packed = pack(whole[:60_000]) + pack(whole[60_000:])
        at = data.draw(st.integers(6, len(packed) - 1))
        found, reason = until_broken(io.BytesIO(packed[:at]))
        first = len(pack(whole[:60_000]))
        unpack: Callable[[], zlib._Decompress | zstd.ZstdDecompressor]
        unpack = (lambda: zlib.decompressobj(31)) if pack is gz else zstd.ZstdDecompressor
        expected = unpack().decompress(packed[: min(at, first)])
        if at > first:
            expected += unpack().decompress(packed[first:at])
        assert [record.raw for record in found] == whole_lines(expected)
        assert reason == ("" if at == first else f"its {pack_name(pack)} data is cut off")

    @PACKS
    @pytest.mark.parametrize("size", [0, 1, 2, 3])
    def test_not_even_its_first_bytes(self, suffix: str, pack: Pack, size: int) -> None:
        found, reason = until_broken(io.BytesIO(pack(b"a\n")[:size]), f"a.txt{suffix}")
        assert (found, reason) == ([], f"its {pack_name(pack)} data is cut off")

    @PACKS
    @settings(max_examples=40)
    @given(st.data())
    def test_a_bit_that_flips_costs_no_member_before_it_and_is_told_if_it_costs_anything(
        self, suffix: str, pack: Pack, data: st.DataObject
    ) -> None:
        parts = [lines(300), lines(400), lines(500)]
        packed = [pack(part) for part in parts]
        hit = data.draw(st.integers(0, 2))
        at = data.draw(st.integers(0, len(packed[hit]) - 1))
        broken = bytearray(packed[hit])
        broken[at] ^= 1 << data.draw(st.integers(0, 7))
        stream = b"".join((*packed[:hit], bytes(broken), *packed[hit + 1 :]))
        found, reason = until_broken(io.BytesIO(stream), f"a.txt{suffix}")
        raw = [record.raw for record in found]
        before = whole_lines(b"".join(parts[:hit]))
        assert raw[: len(before)] == before
        # A few bits matter to nobody: then it is all there.
        assert reason or raw == whole_lines(b"".join(parts))

    def test_a_damaged_block_of_zstd_costs_no_block_before_it(self) -> None:
        whole = lines(12_000)
        packed = bytearray(zst(whole))
        starts = block_starts(packed)
        assert len(starts) > 4
        # A type of block that there is not.
        packed[starts[3]] |= 0b110
        expected = zstd.ZstdDecompressor().decompress(bytes(packed[: starts[3]]))
        found, reason = until_broken(io.BytesIO(packed))
        assert [record.raw for record in found] == whole_lines(expected)
        assert reason == "its zstd data is damaged"

    def test_damage_in_gzip_costs_nothing_before_it(self) -> None:
        # Stored blocks, so that it is known where each begins: with its length, twice.
        whole = lines(12_000)
        packed = bytearray(gzip.compress(whole, compresslevel=0, mtime=0))
        at, before = 10, 0
        for _ in range(5):
            size = int.from_bytes(packed[at + 1 : at + 3], "little")
            before += size
            at += 5 + size
        packed[at + 1] ^= 0xFF
        found, reason = until_broken(io.BytesIO(packed))
        assert [record.raw for record in found] == whole_lines(whole[:before])
        assert reason == "its gzip data is damaged"

    @PACKS
    def test_something_else_behind_it_is_damage(self, suffix: str, pack: Pack) -> None:
        found, reason = until_broken(io.BytesIO(pack(b"a\n") + b"b\n"))
        assert ([record.raw for record in found], reason) == (
            [b"a"],
            f"its {pack_name(pack)} data is damaged",
        )

    @PACKS
    def test_a_name_that_promises_too_much(self, suffix: str, pack: Pack) -> None:
        found, reason = until_broken(io.BytesIO(b"a\nb\n"), f"a.txt{suffix}")
        assert found == []
        assert reason == f"it is no {pack_name(pack)} archive, though its name says so"

    @PACKS
    def test_a_stream_that_breaks_off_gives_what_it_gave(self, suffix: str, pack: Pack) -> None:
        class Breaking(io.RawIOBase):
            def __init__(self) -> None:
                self.parts = [pack(b"a\nb\n"), pack(b"c\nd")]

            def readable(self) -> bool:
                return True

            def read(self, size: int = -1) -> bytes:
                if not self.parts:
                    raise OSError(5, "Input/output error")
                return self.parts.pop(0)

        found, reason = until_broken(Breaking())
        assert [record.raw for record in found] == [b"a", b"b", b"c"]
        assert reason == "Input/output error"

    def test_a_row_that_is_cut_is_no_row(self) -> None:
        data = gz(b'id,text\n1,a\n2,"b\nc\n')[:-8]
        source = read(io.BytesIO(data), name="a.csv.gz", format=None, selection=Selection())
        assert next(source).raw == b"1,a"
        with pytest.raises(InputFailed):
            next(source)


class TestBounds:
    @pytest.mark.parametrize(
        "bomb",
        [
            lambda: gz(b"\0" * (256 * MEBI)),
            lambda: zst(b"\0" * (256 * MEBI)),
            lambda: zst((b"x" * 500_000 + b"\n") * 400),
        ],
        ids=["gzip", "zstd", "lines"],
    )
    def test_a_bomb_is_a_long_stream(self, bomb: Callable[[], bytes]) -> None:
        packed = bomb()
        tracemalloc.start()
        try:
            codes = set()
            for record in read(
                io.BytesIO(packed),
                name="-",
                format=Format.TEXT,
                selection=Selection(),
                max_record=MEBI // 4,
            ):
                assert record.failure is not None
                codes.add(record.failure.code.value)
            used = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert codes == {"too_large"}
        assert used < 4 * MEBI

    def test_a_frame_to_skip_is_not_kept(self) -> None:
        start = b"\x50\x2a\x4d\x18" + (256 * MEBI).to_bytes(4, "little")
        stream = Endless(b"x" * 65_536, 256 * MEBI, start, zst(b"a\n"))
        tracemalloc.start()
        try:
            found, reason = until_broken(stream)
            used = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert ([record.raw for record in found], reason) == ([b"a"], "")
        assert used < 4 * MEBI

    def test_a_window_beyond_what_zstd_allows_is_told(self) -> None:
        # Magic bytes, a descriptor without a size, and a window of 2 GiB.
        found, reason = until_broken(io.BytesIO(b"\x28\xb5\x2f\xfd\x00\xa8" + b"\0" * 64))
        assert found == []
        assert reason.startswith("its zstd window is longer than 128 MiB")

    @PACKS
    def test_a_line_is_there_before_the_next_is_packed(self, suffix: str, pack: Pack) -> None:
        reading, writing = os.pipe()
        packing: zlib._Compress | zstd.ZstdCompressor
        packing, flush = zlib.compressobj(wbits=31), zlib.Z_SYNC_FLUSH
        if pack is zst:
            packing, flush = zstd.ZstdCompressor(), zstd.ZstdCompressor.FLUSH_BLOCK
        with open(reading, "rb", buffering=0) as stream:
            source = read(
                cast(BinaryIO, stream), name="-", format=Format.TEXT, selection=Selection()
            )
            for line in (b"a", b"b" * 300_000, b"c"):
                os_write_all(writing, packing.compress(line + b"\n") + packing.flush(flush))
                got: list[Record] = []
                thread = threading.Thread(target=lambda into=got: into.append(next(source)))
                thread.daemon = True
                thread.start()
                thread.join(10)
                assert [record.raw for record in got] == [line]
            os.write(writing, packing.flush())
            os.close(writing)
            assert next(source, None) is None


class TestWhatIsNotRead:
    @pytest.mark.parametrize(
        ("data", "kind"),
        [
            (b"\xfd7zXZ\x00\x00", "xz"),
            (b"BZh91AY&SY\x00", "bzip2"),
            (b"PK\x03\x04\x00", "zip"),
            (gz(gz(b"a")), "gzip within gzip"),
            (zst(gz(b"a")), "gzip within zstd"),
            (gz(b"BZh91AY&SY\x00"), "bzip2 within gzip"),
        ],
    )
    def test_another_packing_is_named_and_refused(self, data: bytes, kind: str) -> None:
        for step in (1, None):
            with pytest.raises(InputPacked) as caught:
                records(data, step=step)
            assert caught.value.facts["kind"] == kind

    def test_a_tar_archive_is_told_by_its_name(self) -> None:
        with pytest.raises(InputPacked, match="kind: tar"):
            records(gz(b"a"), name="a.tar.gz")

    @pytest.mark.parametrize("text", ["BZh91 is a postcode", "PK", "PK\x03", "(", "Pal*M", "xz"])
    def test_a_text_that_begins_like_one_is_a_text(self, text: str) -> None:
        assert texts(records(text.encode() + b"\n")) == [text]

    def test_a_python_without_zstd_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        name = "compression" if sys.version_info >= (3, 14) else "backports"
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(ZstdMissing):
            records(zst(b"a\n"))
        assert texts(records(gz(b"a\n"))) == ["a"]


def pack_name(pack: Pack) -> str:
    return "gzip" if pack is gz else "zstd"


def block_starts(packed: bytes | bytearray) -> list[int]:
    """Give where the blocks of a frame begin (RFC 8878, 3.1.1)."""
    descriptor = packed[4]
    single = descriptor >> 5 & 1
    at = 5 + (1 - single) + (0, 1, 2, 4)[descriptor & 3] + (single, 2, 4, 8)[descriptor >> 6]
    starts, last = [], 0
    while not last:
        starts.append(at)
        head = int.from_bytes(packed[at : at + 3], "little")
        last = head & 1
        at += 3 + (1 if head >> 1 & 3 == 1 else head >> 3)
    return starts


def os_write_all(descriptor: int, data: bytes) -> None:
    """Write from a thread of its own: more than a pipe holds waits for its reader."""

    def write() -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]

    thread = threading.Thread(target=write)
    thread.daemon = True
    thread.start()
    if len(data) < 60_000:
        thread.join()
