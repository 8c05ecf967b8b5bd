"""A measurement on a machine that is busy leaves alone what others take of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from seaguard_cli.bench.bench import Bench
from seaguard_cli.bench.texts import LENGTHS, texts
from seaguard_cli.engine import EngineOptions


@pytest.mark.parametrize(("load", "tried"), [(0.0, True), (64.0, False)])
def test_threads_are_tried_where_nothing_else_runs(
    load: float, tried: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr("os.getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr("seaguard_cli.engine.machine.usable_processors", lambda: 2)
    bench = Bench("tiny", EngineOptions("cpu"), family=None, seconds=0.5)
    result = bench.settings()
    assert result.busy is not tried
    assert ("threads" in {one.setting for one in result.trials}) is tried


def test_texts_differ_and_are_as_long_as_they_should() -> None:
    for words in LENGTHS.values():
        listed = [next(given) for given in [texts(words)] for _ in range(200)]
        assert len(set(listed)) == len(listed)
        counts = [len(text.split()) for text in listed]
        assert words <= min(counts)
        assert max(counts) < words + 20
        assert listed[0] == next(texts(words))
