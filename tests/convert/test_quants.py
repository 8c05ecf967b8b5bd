"""Fewer bits, by llama.cpp's quantiser: what comes out, and what is left when it does not."""

from __future__ import annotations

import shutil
from pathlib import Path

import gguf
import pytest

from convert.folders import copied
from convert.prompts import PROMPTS
from convert.recipes import RECIPES
from seaguard_cli import __version__
from seaguard_cli.cli.messages import sentence_of, status_of
from seaguard_cli.errors import (
    ConversionFailed,
    NoRoomToConvert,
    QuantiserFailed,
    SeaguardError,
    UsageError,
)
from seaguard_cli.exits import Exit
from seaguard_cli.guard import Guard
from seaguard_cli.weights.convert import QUANTS, Provenance, Step, convert, quantiser, quants

_LLAMA, _QWEN = RECIPES["llama-5"].folder, RECIPES["qwen-5"].folder
_COMMIT = "0123456789abcdef0123456789abcdef01234567"


def _field(path: Path, key: str) -> object:
    field = gguf.GGUFReader(path).get_field(key)
    return field.contents() if field else None


def test_several_quants_are_made_in_one_go(tmp_path: Path) -> None:
    result = convert(_LLAMA, tmp_path, quants=["q8_0", "F16", "Q4_K_M", "Q8_0"])

    assert [one.quant for one in result.outputs] == ["Q8_0", "F16", "Q4_K_M"]
    assert [one.path.name for one in result.outputs] == [
        "llama-5-Q8_0.gguf",
        "llama-5-F16.gguf",
        "llama-5-Q4_K_M.gguf",
    ]
    assert {path: path.stat().st_size for path in tmp_path.iterdir()} == {
        one.path: one.size for one in result.outputs
    }
    assert [_field(one.path, "general.file_type") for one in result.outputs] == [7, 1, 15]
    assert result.architecture == "llama"


@pytest.mark.parametrize("quant", [quant for quant in QUANTS if quant not in ("F16", "BF16")])
def test_every_quant_that_is_offered_can_be_made_and_loaded(quant: str, tmp_path: Path) -> None:
    path = tmp_path / "made.gguf"
    convert(_LLAMA, path, quants=[quant], threads=1)

    with Guard(str(path), deterministic=True, threads=1) as guard:
        assert guard.check("hello").score is not None


def test_scores_in_8_bits_stay_close(tmp_path: Path) -> None:
    made = {quant: tmp_path / f"{quant}.gguf" for quant in ("F32", "Q8_0")}
    convert(_QWEN, tmp_path / "{quant}.gguf", quants=list(made))

    found = []
    for path in made.values():
        with Guard(str(path), deterministic=True, threads=1) as guard:
            found.append([guard.check(prompt).score for prompt in PROMPTS[:20]])

    assert found[1] != found[0]
    assert found[1] == pytest.approx(found[0], abs=0.1)


def test_where_it_came_from_is_in_every_file(tmp_path: Path) -> None:
    source = Provenance("owner/Some-Guard-4B", _COMMIT)

    result = convert(_QWEN, tmp_path, quants=["BF16", "Q4_K_M"], provenance=source)

    for output in result.outputs:
        assert output.path.name == f"Some-Guard-4B-{output.quant}.gguf"
        assert _field(output.path, "general.name") == "Some-Guard-4B"
        repo = "https://huggingface.co/owner/Some-Guard-4B"
        assert _field(output.path, "general.source.repo_url") == repo
        assert _field(output.path, "general.source.url") == f"{repo}/tree/{_COMMIT}"
        assert _field(output.path, "general.seaguard.repo") == source.repo
        assert _field(output.path, "general.seaguard.revision") == _COMMIT
        assert _field(output.path, "general.seaguard.version") == __version__


def test_a_folder_in_a_cache_of_the_hub_tells_where_it_came_from(tmp_path: Path) -> None:
    folder = tmp_path / "models--owner--Guard--2" / "snapshots" / _COMMIT
    shutil.copytree(_LLAMA, folder)

    result = convert(folder, tmp_path / "made.gguf", quants=["F16"])

    assert result.provenance == Provenance("owner/Guard--2", _COMMIT)


def test_linked_files_are_read(tmp_path: Path) -> None:
    real = copied("llama-5", tmp_path)
    linked = tmp_path / "linked"
    linked.mkdir()
    for path in real.iterdir():
        (linked / path.name).symlink_to(path)

    assert convert(linked, tmp_path / "made.gguf", quants=["F16"]).outputs[0].size > 100_000


def test_progress_reaches_its_end(tmp_path: Path) -> None:
    steps: list[Step] = []

    convert(_LLAMA, tmp_path / "made.gguf", quants=["Q8_0"], progress=steps.append)

    kinds = dict.fromkeys((step.quant, step.doing) for step in steps)
    assert list(kinds) == [("F16", "writing"), ("Q8_0", "quantising")]
    for kind in kinds:
        own = [step for step in steps if (step.quant, step.doing) == kind]
        assert [step.done for step in own] == sorted(step.done for step in own)
        assert own[-1].done == own[-1].total


def _fails(tmp_path: Path, kind: type[SeaguardError], **settings: object) -> SeaguardError:
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(kind) as caught:
        convert(_LLAMA, out, **settings)  # type: ignore[arg-type]
    assert list(out.iterdir()) == []
    return caught.value


def test_an_unknown_quant_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    error = _fails(tmp_path, UsageError, quants=["Q8_0", "IQ1_S"])

    assert "'IQ1_S'" in sentence_of(error)
    assert "Q4_K_M" in sentence_of(error)


def test_one_name_for_two_quants_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one file for 2 quants"):
        convert(_LLAMA, tmp_path / "made.gguf", quants=["F16", "Q8_0"])


def test_a_file_that_is_there_stays_unless_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "made.gguf"
    path.write_bytes(b"precious")

    with pytest.raises(UsageError, match="exists already"):
        convert(_LLAMA, path, quants=["F16"])
    assert path.read_bytes() == b"precious"

    convert(_LLAMA, path, quants=["F16"], overwrite=True)
    assert path.read_bytes()[:4] == b"GGUF"


def test_a_file_that_came_meanwhile_stays_too(tmp_path: Path) -> None:
    path = tmp_path / "made.gguf"

    def meanwhile(_step: Step) -> None:
        path.write_bytes(b"precious")

    with pytest.raises(UsageError, match="exists already"):
        convert(_LLAMA, path, quants=["F16"], progress=meanwhile)
    assert path.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere is not a folder"):
        convert(_LLAMA, tmp_path / "nowhere" / "made.gguf", quants=["F16"])


def test_room_is_looked_for_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: full)
    monkeypatch.setattr("seaguard_cli.weights.convert.door.write_float", None)

    error = _fails(tmp_path, NoRoomToConvert, quants=["Q4_K_M"])

    assert status_of(error) is Exit.IO
    assert "1.0 MB are free" in sentence_of(error)


def test_a_disk_that_fills_up_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("seaguard_cli.weights.convert.writing.encoded", full)

    error = _fails(tmp_path, ConversionFailed, quants=["F16"])

    assert status_of(error) is Exit.IO
    assert "no space left on device" in sentence_of(error)


def test_a_quantiser_that_fails_tells_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantiser, "file_type", lambda _quant: 999)

    error = _fails(tmp_path, QuantiserFailed, quants=["Q4_K_M"])

    assert status_of(error) is Exit.WEIGHTS
    assert "invalid output file type 999" in sentence_of(error)


def test_a_quantiser_that_is_killed_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killer = tmp_path / "killer.py"
    killer.write_text("import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n")
    monkeypatch.setattr(quantiser, "_WORKER", killer)

    error = _fails(tmp_path, QuantiserFailed, quants=["Q4_K_M"])

    assert "signal 9" in sentence_of(error)


@pytest.mark.parametrize("doing", ["writing", "quantising"])
def test_an_interrupt_leaves_nothing(doing: str, tmp_path: Path) -> None:
    def interrupt(step: Step) -> None:
        if step.doing == doing:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(_LLAMA, tmp_path / "made.gguf", quants=["Q4_K_M"], progress=interrupt)

    assert list(tmp_path.iterdir()) == []


def test_the_quants_are_those_whose_size_is_known() -> None:
    from seaguard_cli.weights.memory_need import weights_size
    from seaguard_cli.weights.model import Shape

    shape = Shape(2, 64, 4, 2, 32, 128, 1000, tied=True)

    assert all(weights_size(shape, quant) for quant in quants.QUANTS)
