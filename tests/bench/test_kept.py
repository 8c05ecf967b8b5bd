"""What was found is taken up for the same weights, machine and llama.cpp, and for no others."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from seaguard_cli.bench.kept import keep, kept_for, load, place
from seaguard_cli.engine.facts import Found, Gpu, Machine
from seaguard_cli.engine.machine import machine_here
from seaguard_cli.weights.digest import digest_of

FOUND = Found(repack=True, threads=3, batch=2048, ubatch=1024, flash_attention=None, gpu_layers=-1)
MACHINE = Machine(4, frozenset({"AVX2"}))
HASHES = ("a" * 64,)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "state" / "seaguard"


@pytest.mark.parametrize("flash", [None, True, False])
def test_it_comes_back_as_it_was(flash: bool | None) -> None:
    found = replace(FOUND, flash_attention=flash)
    keep(HASHES, MACHINE, found)
    assert load(HASHES, MACHINE) == found


@pytest.mark.parametrize(
    ("hashes", "machine"),
    [
        (("b" * 64,), MACHINE),
        ((*HASHES, *HASHES), MACHINE),
        (HASHES, replace(MACHINE, processors=8)),
        (HASHES, replace(MACHINE, features=frozenset({"AVX2", "FMA"}))),
        (HASHES, replace(MACHINE, gpus=(Gpu("card", 10),))),
    ],
)
def test_other_weights_and_machines_have_none_of_it(
    hashes: tuple[str, ...], machine: Machine
) -> None:
    keep(HASHES, MACHINE, FOUND)
    assert load(hashes, machine) is None
    keep(hashes, machine, replace(FOUND, threads=1))
    assert load(HASHES, MACHINE) == FOUND


def test_the_memory_that_a_gpu_has_left_makes_no_other_machine() -> None:
    keep(HASHES, replace(MACHINE, gpus=(Gpu("card", 10),)), FOUND)
    assert load(HASHES, replace(MACHINE, gpus=(Gpu("card", 20),))) == FOUND


def test_another_llama_cpp_has_none_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(HASHES, MACHINE, FOUND)
    monkeypatch.setattr("seaguard_cli.engine.library.version", lambda _: "0.0.1")
    assert load(HASHES, MACHINE) is None


@pytest.mark.parametrize(
    "change",
    [
        {"threads": 0},
        {"threads": "3"},
        {"threads": True},
        {"ubatch": -1},
        {"batch": 2.5},
        {"gpu_layers": -7},
        {"repack": 1},
        {"flash_attention": "on"},
        {"more": 1},
    ],
)
def test_what_is_not_sound_is_left_alone(change: dict[str, object]) -> None:
    file = keep(HASHES, MACHINE, FOUND)
    said = json.loads(file.read_text())
    said["found"] |= change
    file.write_text(json.dumps(said))
    assert load(HASHES, MACHINE) is None


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{", b"\xff", b'{"version": 1}'])
def test_what_cannot_be_read_is_left_alone(data: bytes) -> None:
    keep(HASHES, MACHINE, FOUND)
    place(HASHES, MACHINE).write_bytes(data)
    assert load(HASHES, MACHINE) is None


@pytest.mark.parametrize("found", [None, 5, "x", []])
def test_what_is_no_setting_at_all_is_left_alone(found: object) -> None:
    file = keep(HASHES, MACHINE, FOUND)
    file.write_text(json.dumps(json.loads(file.read_text()) | {"found": found}))
    assert load(HASHES, MACHINE) is None


def test_weights_are_not_hashed_to_look_it_up(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "some.gguf"
    file.write_bytes(b"GGUF and more")
    settled = 10**9 * 10**9
    monkeypatch.setattr("seaguard_cli.weights.digest.time.time_ns", lambda: settled * 4)
    keep(digest_of(file).hashes, machine_here(), FOUND)
    monkeypatch.setattr("seaguard_cli.weights.digest.sha256_of", pytest.fail)
    assert kept_for(file) == FOUND
    file.write_bytes(b"GGUF and something else")
    assert kept_for(file) is None


def test_nobody_else_may_read_it(state: Path) -> None:
    keep(HASHES, MACHINE, FOUND)
    assert state.stat().st_mode & 0o077 == 0
