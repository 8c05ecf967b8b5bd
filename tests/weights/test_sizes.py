from __future__ import annotations

import pytest

from seaguard_cli.weights import load_catalogue
from seaguard_cli.weights.memory_need import cache_size, memory_need, weights_size
from seaguard_cli.weights.model import Shape
from seaguard_cli.weights.quants import read_name, same_file

GB, KIB = 10**9, 2**10


def shape_of(name: str) -> Shape:
    model = load_catalogue().find(name)
    assert model is not None
    assert model.shape is not None
    return model.shape


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("qwen-4b", (2.5, 4.3, 8.0)),
        ("qwen-8b", (5.0, 8.7, 16.4)),
        ("llama-8b", (4.9, 8.5, 16.1)),
        ("gemma-12b", (7.3, 12.5, 23.5)),
    ],
)
def test_sizes_of_the_weights_are_those_of_the_real_files(
    name: str, sizes: tuple[float, ...]
) -> None:
    for quant, expected in zip(("Q4_K_M", "Q8_0", "F16"), sizes, strict=True):
        size = weights_size(shape_of(name), quant)
        assert size is not None
        assert round(size / GB, 1) == expected


@pytest.mark.parametrize(
    ("name", "kib"), [("qwen-4b", 144), ("qwen-8b", 144), ("llama-8b", 128), ("gemma-12b", 384)]
)
def test_the_cache_takes_so_much_a_token(name: str, kib: int) -> None:
    assert cache_size(shape_of(name), 1) == kib * KIB


def test_a_single_sequence_of_gemma_needs_the_window_in_its_local_layers() -> None:
    shape = shape_of("gemma-12b")
    local = 1024 * 40 * 2 * 8 * 256 * 2
    assert cache_size(shape, 8192, packed=False) == 8192 * 64 * KIB + local
    assert cache_size(shape, 100, packed=False) == cache_size(shape, 100)


def test_memory_is_weights_and_cache_and_a_margin() -> None:
    shape = shape_of("qwen-4b")
    assert memory_need(shape, 10) == 10 + 4096 * 144 * KIB + 512 * 2**20


def test_an_unknown_quant_has_no_size() -> None:
    assert weights_size(shape_of("qwen-4b"), "Q9_X") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Gemma-SEA-Guard-12B-2602.Q4_K_M.gguf", ("Q4_K_M", 1, 1)),
        ("Gemma-SEA-Guard-12B-2602.i1-IQ4_XS.gguf", ("IQ4_XS", 1, 1)),
        ("Qwen-SEA-LION-v4-4B-VL-Q8_0.gguf", ("Q8_0", 1, 1)),
        ("M.bf16.gguf", ("BF16", 1, 1)),
        ("M-Q8_0-00002-of-00003.gguf", ("Q8_0", 2, 3)),
        ("Q4_K_M/M-00001-of-00002.gguf", ("Q4_K_M", 1, 2)),
        ("mmproj-F16.gguf", None),
        ("M.imatrix.gguf", None),
        ("M-4b.gguf", None),
        ("README.md", None),
    ],
)
def test_a_file_name_tells_quant_and_part(name: str, expected: tuple[str, int, int] | None) -> None:
    read = read_name(name)
    assert (read and (read.quant, read.part, read.parts)) == expected


def test_a_part_belongs_to_the_file_it_is_named_after() -> None:
    assert same_file("M-Q8_0-00002-of-00003.gguf", "M-Q8_0.gguf")
    assert same_file("M-Q8_0.gguf", "M-Q8_0.gguf")
    assert not same_file("M-Q8_0-00002-of-00003.gguf", "M.gguf")
