"""Headers that are damaged are told as such, whatever number the damage left."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFWriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seaguard_cli.errors import WeightsUnreadable
from seaguard_cli.weights.header import read_header, read_start

_HUGE = struct.pack("<Q", 2**63)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("header") / "sound.gguf"
    writer = GGUFWriter(path, "llama")
    writer.add_custom_alignment(64)
    writer.add_token_list(["one", "two", "three"])
    writer.add_float32("llama.rope.freq_base", 10_000)
    writer.add_tensor("some", np.zeros((2, 8), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path.read_bytes()


def test_a_sound_one_is_read(sound: bytes, tmp_path: Path) -> None:
    (tmp_path / "some.gguf").write_bytes(sound)
    header = read_header(tmp_path / "some.gguf")
    assert header.metadata["general.alignment"] == 64
    assert [(one.name, one.end - one.start) for one in header.tensors] == [("some", 64)]
    assert header.beyond() is None


def replaced(data: bytes, old: bytes, new: bytes) -> bytes:
    assert len(old) == len(new)
    assert data.count(old) == 1
    return data.replace(old, new)


def length(name: str) -> bytes:
    return struct.pack("<Q", len(name)) + name.encode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(length("general.architecture")[:9], _HUGE + b"g", id="key"),
        pytest.param(
            length("llama.rope.freq_base") + struct.pack("<I", 6),
            length("llama.rope.freq_base") + struct.pack("<I", 77),
            id="unknown kind",
        ),
        pytest.param(length("three"), _HUGE + b"three", id="string in an array"),
        pytest.param(
            length("general.alignment") + struct.pack("<II", 4, 64),
            length("general.alignment") + struct.pack("<II", 4, 0),
            id="alignment of 0",
        ),
        pytest.param(
            length("general.alignment") + struct.pack("<II", 4, 64),
            length("general.alignment") + struct.pack("<If", 6, float("inf")),
            id="endless alignment",
        ),
        pytest.param(
            length("some") + struct.pack("<I", 2),
            length("some") + struct.pack("<I", 2**32 - 1),
            id="dimensions",
        ),
    ],
)
def test_numbers_that_no_file_can_mean_are_damage(
    old: bytes, new: bytes, sound: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "some.gguf"
    path.write_bytes(replaced(sound, old, new))
    with pytest.raises(WeightsUnreadable, match="no sound header"):
        read_header(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(data=st.data())
def test_damage_anywhere_is_told_or_harmless(
    data: st.DataObject, sound: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "some.gguf"
    damaged = bytearray(sound)
    at = data.draw(st.integers(0, len(damaged) - 1))
    damaged[at : at + 8] = data.draw(
        st.one_of(st.binary(min_size=1, max_size=8), st.just(_HUGE), st.just(b"\xff" * 8))
    )
    path.write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    for read in (read_header, read_start):
        with contextlib.suppress(WeightsUnreadable):
            assert read(path).metadata is not None
