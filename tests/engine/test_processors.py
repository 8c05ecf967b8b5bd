"""As many threads as this process may really use, not as many as the machine has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seaguard_cli.engine.processors import usable_processors


@pytest.fixture(autouse=True)
def eight(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which this process may run on eight processors."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def version_2(folder: Path, text: str) -> Path:
    (folder / "cpu.max").write_text(text, encoding="ascii")
    return folder


def version_1(folder: Path, quota: str, period: str) -> Path:
    (folder / "cpu").mkdir()
    (folder / "cpu" / "cpu.cfs_quota_us").write_text(quota, encoding="ascii")
    (folder / "cpu" / "cpu.cfs_period_us").write_text(period, encoding="ascii")
    return folder


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("200000 100000\n", 2),
        ("250000 100000\n", 2),
        ("100000 100000\n", 1),
        ("50000 100000\n", 1),
        ("1600000 100000\n", 8),
        ("max 100000\n", 8),
        ("max\n", 8),
        ("", 8),
    ],
)
def test_a_quota_of_version_2_limits_the_count(tmp_path: Path, text: str, count: int) -> None:
    assert usable_processors(version_2(tmp_path, text)) == count


@pytest.mark.parametrize(
    ("quota", "period", "count"),
    [("300000\n", "100000\n", 3), ("50000\n", "100000\n", 1), ("-1\n", "100000\n", 8), ("", "", 8)],
)
def test_a_quota_of_version_1_limits_the_count(
    tmp_path: Path, quota: str, period: str, count: int
) -> None:
    assert usable_processors(version_1(tmp_path, quota, period)) == count


def test_without_a_cgroup_the_affinity_counts(tmp_path: Path) -> None:
    assert usable_processors(tmp_path / "nowhere") == 8


def test_where_there_is_no_affinity_the_machine_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert usable_processors(tmp_path) == 5
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_processors(tmp_path) == 1
