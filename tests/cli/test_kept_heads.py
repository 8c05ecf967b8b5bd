"""The instruction's head is kept between processes, and no verdict depends on it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from families.variants import Models

from .helpers import ONE_THREAD, Ran, process

TEXTS = b'{"text": "Hi"}\n{"prompt": "Hi", "response": "Ho"}\n{"text": "Ho"}\n{"text": ""}\n'
# Decoding a head is told, and taking a kept one is not.
DECODED = " head of "


# The head of the small Gemma is longer than its local layers see, and such heads are not kept.
@pytest.fixture(params=["qwen", "llama"])
def model(request: pytest.FixtureRequest, models: Models) -> Path:
    """A model that was not changed just now, as one that was may change again unseen."""
    path = models[request.param]
    time.sleep(max(0.0, 2.1 - (time.time() - path.stat().st_ctime)))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "seaguard" / "heads"


def judged(model: Path, *options: str) -> Ran:
    ran = process("check", "-v", "-m", str(model), *options, stdin=TEXTS, variables=ONE_THREAD)
    assert ran.status == 0, ran.err
    return ran


@pytest.mark.parametrize("options", [[], ["--deterministic"], ["--settle", "0"]])
def test_the_second_process_takes_the_head_back_and_says_the_same(
    model: Path, folder: Path, options: list[str]
) -> None:
    first, second = judged(model, *options), judged(model, *options)
    assert first.out == second.out
    assert DECODED in first.err
    assert DECODED not in second.err
    assert all(one.suffix == ".head" for one in folder.iterdir())


def test_a_damaged_head_is_rebuilt(model: Path, folder: Path) -> None:
    first = judged(model)
    for path in folder.iterdir():
        os.truncate(path, path.stat().st_size - 1)
    second, third = judged(model), judged(model)
    assert first.out == second.out == third.out
    assert DECODED in second.err
    assert DECODED not in third.err


def test_no_text_is_in_what_is_kept(model: Path, folder: Path) -> None:
    judged(model)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    ran = process("check", "-m", str(model), "a secret", "another", variables=ONE_THREAD)
    assert ran.status == 0
    assert before.items() <= {path.name: path.read_bytes() for path in folder.iterdir()}.items()
    for path in folder.iterdir():
        path.unlink()
    judged(model)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_where_nothing_can_be_kept_nothing_is_said_of_it(model: Path, folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_bytes(b"a file is in the way")
    first, second = judged(model), judged(model)
    assert first.out == second.out
    assert DECODED in second.err
    assert "heads" not in second.err
