"""Numbers from one type to another, against the `gguf` package and numpy."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

from seaguard_cli.errors import CheckpointBroken, NotConvertible
from seaguard_cli.weights.convert import floats
from seaguard_cli.weights.convert.floats import as_bytes, as_float32, encoded
from seaguard_cli.weights.convert.safetensors import Stored
from seaguard_cli.weights.convert.tensors import Planned


def _every_16_bits() -> np.ndarray:
    return np.arange(2**16, dtype=np.uint16)


def test_bf16_is_read_exactly() -> None:
    bits = _every_16_bits()

    values = as_float32(bits.view(np.uint8), "BF16")

    assert np.array_equal(values.view(np.uint32) >> 16, bits)
    assert not (values.view(np.uint32) & 0xFFFF).any()


def test_f16_is_read_as_numpy_reads_it() -> None:
    halves = _every_16_bits().view(np.float16)

    values = as_float32(halves.view(np.uint8), "F16")

    assert np.array_equal(values, halves.astype(np.float32), equal_nan=True)


def test_bf16_is_rounded_as_the_gguf_package_rounds_it() -> None:
    high = np.repeat(_every_16_bits().astype(np.uint32) << 16, 5)
    low = np.tile(np.array([0, 1, 0x7FFF, 0x8000, 0x8001], dtype=np.uint32), 2**16)
    values = (high | low).view(np.float32)
    values = values[np.isfinite(values)].reshape(1, -1)

    made = as_bytes(values[0], "BF16")

    assert np.array_equal(made, gguf.quants.quantize(values, gguf.GGMLQuantizationType.BF16)[0])


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floats, "_CHUNK", 100)


def _planned(folder: Path, values: np.ndarray, **settings: object) -> Planned:
    path = folder / "values"
    path.write_bytes(b"before" + values.tobytes() + b"after")
    stored = Stored(path, "some.weight", "F32", values.shape, 6, values.nbytes)
    return Planned("some.weight", values.shape, stored, **settings)  # type: ignore[arg-type]


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("shape", [(7, 6), (1, 300), (40,), (33, 2, 3)])
def test_a_tensor_is_the_same_in_however_many_chunks(tmp_path: Path, shape: tuple[int]) -> None:
    values = np.random.default_rng(1).standard_normal(shape).astype(np.float32)

    chunks = list(encoded(_planned(tmp_path, values, shift=1.0), "F32"))

    assert len(chunks) > 1 or shape[0] == 1
    assert b"".join(chunk.tobytes() for chunk in chunks) == (values + np.float32(1)).tobytes()


@pytest.mark.usefixtures("small_chunks")
def test_the_halves_of_each_head_are_put_in_turn(tmp_path: Path) -> None:
    values = np.repeat(np.arange(12, dtype=np.float32), 5).reshape(12, 5)

    (made,) = encoded(_planned(tmp_path, values, heads=2), "F32")

    rows = made.view(np.float32).reshape(12, 5)[:, 0]
    assert rows.tolist() == [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11]


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(tmp_path: Path, wrong: float) -> None:
    values = np.ones((3, 4), dtype=np.float32)
    values[1, 2] = wrong

    with pytest.raises(CheckpointBroken, match=r"some\.weight"):
        list(encoded(_planned(tmp_path, values), "F32"))


def test_what_f16_cannot_hold_is_refused_and_not_made_infinite(tmp_path: Path) -> None:
    planned = _planned(tmp_path, np.full((2, 2), 70_000, dtype=np.float32))

    with pytest.raises(NotConvertible, match="F16"):
        list(encoded(planned, "F16"))
    assert list(encoded(planned, "BF16"))
