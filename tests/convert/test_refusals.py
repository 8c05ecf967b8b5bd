"""A folder that cannot be converted is refused with a sentence, and no file is left behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from convert.folders import copied
from convert.spoilt import BROKEN, IN_TRUTH_BROKEN, NOT_CONVERTIBLE
from seaguard_cli.cli.messages import sentence_of, status_of
from seaguard_cli.errors import CheckpointBroken, NotConvertible, SeaguardError
from seaguard_cli.exits import Exit
from seaguard_cli.weights.convert import convert


def _refused(name: str, spoil: Callable[[Path], None], tmp_path: Path) -> SeaguardError:
    folder = copied(name, tmp_path)
    spoil(folder)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(SeaguardError) as caught:
        convert(folder, out, quants=["F32", "Q8_0"])
    assert list(out.iterdir()) == []
    assert status_of(caught.value) is Exit.WEIGHTS
    assert str(folder) in sentence_of(caught.value)
    return caught.value


@pytest.mark.parametrize("case", NOT_CONVERTIBLE)
def test_what_is_not_converted_is_refused_by_name(case: str, tmp_path: Path) -> None:
    name, spoil, words = NOT_CONVERTIBLE[case]

    error = _refused(name, spoil, tmp_path)

    assert words in sentence_of(error)
    assert type(error) is (CheckpointBroken if case in IN_TRUTH_BROKEN else NotConvertible)


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_broken_is_refused_with_what_is_wrong(case: str, tmp_path: Path) -> None:
    name, spoil, words = BROKEN[case]

    error = _refused(name, spoil, tmp_path)

    assert words in sentence_of(error)
    assert type(error) is CheckpointBroken


def test_a_path_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotConvertible, match="not a folder"):
        convert(tmp_path / "nowhere", tmp_path)
