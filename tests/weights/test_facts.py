"""What is known of a GGUF before it is loaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from families.variants import Models
from gguf import GGUFReader, GGUFWriter
from gguf.constants import LlamaFileType
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seaguard_cli.weights.facts import FILE_TYPES, facts_of
from seaguard_cli.weights.header import read_header


def test_file_types_are_ggufs() -> None:
    known = {one.value: one.name for one in LlamaFileType}
    names = {
        number: known[number].removeprefix("MOSTLY_").removeprefix("ALL_") for number in FILE_TYPES
    }
    assert names == dict(FILE_TYPES)


@pytest.mark.parametrize("name", ["qwen", "gemma", "llama"])
def test_they_are_those_that_the_whole_header_has(name: str, models: Models) -> None:
    path = models[name]
    facts, said = facts_of(path, "some"), read_header(path).metadata
    kind = said["general.architecture"]
    assert facts.size == path.stat().st_size
    assert facts.layers == said[f"{kind}.block_count"]
    assert facts.hidden == said[f"{kind}.embedding_length"]
    assert facts.trained_ctx == said[f"{kind}.context_length"]
    fields = GGUFReader(path).fields
    assert facts.vocabulary == len(fields["tokenizer.ggml.tokens"].data)
    assert facts.cached > 0


def write(path: Path, *, late: bool, tokens: int) -> None:
    writer = GGUFWriter(path, "llama")
    if not late:
        writer.add_file_type(15)
    writer.add_block_count(3)
    writer.add_head_count_kv(2)
    writer.add_key_length(4)
    writer.add_value_length(6)
    writer.add_token_list([f"general.file_type{number}" for number in range(tokens)])
    if late:
        writer.add_file_type(15)
    writer.add_tensor("some", np.zeros(8, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("tokens", [5, 5000])
def test_the_quant_is_found_before_and_behind_the_vocabulary(
    late: bool, tokens: int, tmp_path: Path
) -> None:
    path = tmp_path / "some.gguf"
    write(path, late=late, tokens=tokens)
    facts = facts_of(path, "some")
    assert (facts.quant, facts.layers, facts.cached) == ("Q4_K_M", 3, 3 * 2 * 10)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_tells_less_and_breaks_nothing(data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / "some.gguf"
    write(path, late=True, tokens=5)
    whole = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at : at + 8] = data.draw(st.binary(min_size=1, max_size=8))
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    facts = facts_of(path, "some")
    assert facts.layers >= 0
    assert facts.cached >= 0
