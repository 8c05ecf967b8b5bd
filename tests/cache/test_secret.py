"""One random key an installation, whoever asks first, and for nobody else to read."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from seaguard_cli.cache.secret import renew_secret, secret_at
from seaguard_cli.errors import CacheDamaged


def test_it_is_made_once_and_is_random(tmp_path: Path) -> None:
    one, other = secret_at(tmp_path / "one"), secret_at(tmp_path / "other")
    assert len(one) == 32
    assert one != other
    assert secret_at(tmp_path / "one") == one
    assert {path.name for path in tmp_path.iterdir()} == {"one", "other"}


@pytest.mark.skipif(os.name != "posix", reason="no file modes here")
def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        secret_at(tmp_path / "key")
        renew_secret(tmp_path / "other")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_threads_that_ask_at_once_get_the_same(tmp_path: Path) -> None:
    begin, found = threading.Barrier(8), []

    def ask() -> None:
        begin.wait()
        found.append(secret_at(tmp_path / "key"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert set(found) == {(tmp_path / "key").read_bytes()}
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_processes_that_ask_at_once_get_the_same(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from seaguard_cli.cache.secret import secret_at\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "print(secret_at(Path(sys.argv[1])).hex())\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "key")]
    pipe = subprocess.PIPE
    running = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(4)]
    for process in running:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    found = {process.communicate("go\n")[0] for process in running}
    assert found == {f"{(tmp_path / 'key').read_bytes().hex()}\n"}


def test_without_links_it_is_made_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    assert secret_at(tmp_path / "key") == (tmp_path / "key").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_file_of_another_size_is_damaged_and_stays(tmp_path: Path, size: int) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"x" * size)
    with pytest.raises(CacheDamaged):
        secret_at(key)
    assert key.read_bytes() == b"x" * size


def test_a_renewed_one_is_another(tmp_path: Path) -> None:
    before = secret_at(tmp_path / "key")
    after = renew_secret(tmp_path / "key")
    assert after != before
    assert secret_at(tmp_path / "key") == after
