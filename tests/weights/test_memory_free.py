"""How much memory is free: what the system, the cgroups and the limits say, the least of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from seaguard_cli.weights.machine import memory_free, memory_here

MEMINFO = "MemTotal: 8000 kB\nMemFree: 100 kB\nMemAvailable: 5000000 kB\nSwapFree: 1000 kB\n"


ALL = 5_001_000 * 1024


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def free(tmp_path: Path, proc: dict[str, str], cgroups: dict[str, str]) -> int | None:
    return memory_free(written(tmp_path / "proc", proc), written(tmp_path / "cgroup", cgroups))


def test_what_could_be_freed_and_swap_count(tmp_path: Path) -> None:
    assert free(tmp_path, {"meminfo": MEMINFO}, {}) == ALL


@pytest.mark.parametrize(
    ("line", "cgroups", "left"),
    [
        ("0::/a/b", {"a/b/memory.max": "3000", "a/b/memory.current": "1000"}, 2000),
        # A group above it leaves less.
        ("0::/a/b", {"a/memory.max": "1500", "a/memory.current": "1000"}, 500),
        # In a container its own group is the root.
        ("0::/outside/it", {"memory.max": "700", "memory.current": "300"}, 400),
        (
            "0::/",
            {"memory.max": "700", "memory.current": "300", "memory.stat": "anon 1\nfile 200\n"},
            600,
        ),
        ("0::/", {"memory.max": "max", "memory.current": "300"}, ALL),
        ("0::/", {"memory.max": "100", "memory.current": "300"}, 0),
        (
            "4:memory:/x",
            {
                "memory/x/memory.limit_in_bytes": "900",
                "memory/x/memory.usage_in_bytes": "300",
                "memory/x/memory.stat": "cache 5\ntotal_cache 50\n",
            },
            650,
        ),
        ("9:pids:/x", {"pids/x/memory.max": "1", "pids/x/memory.current": "1"}, ALL),
    ],
)
def test_a_cgroup_may_leave_less(
    line: str, cgroups: dict[str, str], left: int, tmp_path: Path
) -> None:
    assert free(tmp_path, {"meminfo": MEMINFO, "self/cgroup": f"{line}\n"}, cgroups) == left


def test_where_nothing_tells_it_is_the_whole_machine(tmp_path: Path) -> None:
    assert free(tmp_path, {}, {}) == memory_here()


def test_a_limit_on_the_address_space_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (10**9, 10**9))
    monkeypatch.setattr(resource, "getpagesize", lambda: 4096)
    proc = {"meminfo": MEMINFO, "self/statm": "100 50 20"}
    # Libraries that are loaded after this take their part of it.
    assert free(tmp_path, proc, {}) == 10**9 - 100 * 4096 - 128 * 2**20
