"""`check --cache` and `seaguard cache`: the same output at no cost, no text, and never an error."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from itertools import tee
from pathlib import Path
from typing import Any

import pytest

from seaguard_cli.cache import Cache
from seaguard_cli.cli.config import read_config
from seaguard_cli.engine import Flush, Outcomes
from seaguard_cli.engine.llamacpp import LlamaEngine
from seaguard_cli.errors import Failure, FailureCode
from seaguard_cli.prompt import Prompt
from seaguard_cli.weights import load_catalogue

from .helpers import COMMAND, Ran, check, process, process_variables, running, seaguard

TINY = load_catalogue().models["tiny"].embedded
EXAMPLES = Path(__file__).parents[2] / "examples" / "sentences.jsonl"
TEXTS = "".join(f"How do I make number {number} of these?\n" for number in range(150)).encode()
ONE = ("-m", "tiny", "--threads", "1")
KEEPING = (*ONE, "--cache")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "seaguard"


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on no weights are loaded in this process."""

    def refuse(*_: Any, **__: Any) -> Any:
        pytest.fail("the weights were loaded")

    return lambda: monkeypatch.setattr("seaguard_cli.engine.llamacpp.LlamaEngine", refuse)


def entries() -> int:
    """How many scores are kept; the file has to be sound."""
    path = Cache().path
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        (count,) = connection.execute("SELECT count(*) FROM scores").fetchone()
    assert Cache().overview().entries == count
    return int(count)


def failing_on(word: str) -> Callable[..., Iterator[Outcomes | Flush]]:
    """What scores as the engine does, but for texts with this word."""
    plain = LlamaEngine.score

    def score(self: LlamaEngine, prompts: Iterable[Prompt | Flush]) -> Iterator[Outcomes | Flush]:
        asked, heard = tee(prompts)
        failed = Failure(FailureCode.ENGINE, {"problem": "it fails"})
        for outcomes in plain(self, asked):
            if isinstance(outcomes, Flush):
                yield outcomes
                continue
            for one in outcomes:
                prompt = next(given for given in heard if isinstance(given, Prompt))
                yield [failed if word in prompt.turn else one]

    return score


class TestASecondRun:
    @pytest.mark.parametrize("way", [(), ("--deterministic",)])
    def test_is_equal_to_the_byte_and_loads_no_weights(
        self, no_model: Callable[[], None], way: tuple[str, ...]
    ) -> None:
        plain = check(*ONE, *way, "-f", str(EXAMPLES))
        first = check(*KEEPING, *way, "-f", str(EXAMPLES))
        no_model()
        second = check(*KEEPING, *way, "-f", str(EXAMPLES))
        assert plain.out == first.out == second.out
        assert (second.status, len(second.lines)) == (0, 16)

    def test_tells_what_it_was_spared_and_doubts_the_model_all_the_same(
        self, no_model: Callable[[], None]
    ) -> None:
        first = check(*KEEPING, "--settle", "0", "-f", str(EXAMPLES))
        assert first.told[0] == "seaguard: tiny:Q8_0 on the CPU, 1 thread"
        assert "is a demonstration" in first.told[1]
        assert first.told[2] == "seaguard: 0 of 16 scores came from the cache"
        no_model()
        second = check(*KEEPING, "--settle", "0", "-f", str(EXAMPLES))
        assert "is a demonstration" in second.told[0]
        assert second.told[1:] == ["seaguard: 16 of 16 scores came from the cache"]

    def test_takes_scores_for_another_threshold(self, no_model: Callable[[], None]) -> None:
        before = check(*KEEPING, "--settle", "0", "-f", str(EXAMPLES))
        no_model()
        after = check(*KEEPING, "--settle", "0", "--threshold", "0.9", "-f", str(EXAMPLES))
        assert [one["score"] for one in before.verdicts] == [one["score"] for one in after.verdicts]
        assert {one["threshold"] for one in after.verdicts} == {0.9}

    def test_mixes_known_and_new_texts_in_order(self) -> None:
        lines = EXAMPLES.read_bytes().splitlines(keepends=True)
        check(*KEEPING, "--deterministic", stdin=b"".join(lines[::3]))
        mixed = check(*KEEPING, "--deterministic", stdin=b"".join(lines))
        assert mixed.out == check(*ONE, "--deterministic", stdin=b"".join(lines)).out
        assert mixed.told[-1] == "seaguard: 6 of 16 scores came from the cache"

    def test_judges_what_failed_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(LlamaEngine, "score", failing_on("far"))
        for known in (0, 1):
            ran = check(*KEEPING, "--settle", "0", "-o", "labels", stdin=b"hello\nfar away\n")
            assert ran.lines == [b"safe", b"error"]
            assert ran.status == 5
            assert f"seaguard: {known} of 2 scores came from the cache" in ran.told

    def test_is_quiet_when_asked(self) -> None:
        for _ in range(2):
            ran = check(*KEEPING, "-q", "hello")
            assert (ran.out, ran.err) == (b"", "")

    def test_finds_nothing_under_another_key(self, folder: Path) -> None:
        check(*KEEPING, "--settle", "0", "hello")
        (folder / "scores.key").unlink()
        ran = check(*KEEPING, "--settle", "0", "hello")
        assert ran.told[-1] == "seaguard: 0 of 1 scores came from the cache"
        assert entries() == 1

    def test_hashes_weights_again_that_were_touched(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert TINY is not None
        weights = tmp_path / "mine.gguf"
        weights.write_bytes(TINY.read_bytes())
        monkeypatch.setattr("seaguard_cli.weights.digest._UNSETTLED", -(10**9))
        hashed: list[str] = []
        monkeypatch.setattr(
            "seaguard_cli.weights.digest.sha256_of",
            lambda path, _: (
                hashed.append(path.name) or hashlib.sha256(path.read_bytes()).hexdigest()
            ),
        )
        for touched, times in ((False, 1), (False, 1), (True, 2)):
            if touched:
                os.utime(weights, (1, 1))
            ran = check("-m", str(weights), "--cache", "--settle", "0", "hello")
            assert len(hashed) == times
        assert ran.told[-1] == "seaguard: 1 of 1 scores came from the cache"


class TestHowItIsAskedFor:
    def test_without_it_nothing_is_kept_nor_loaded(self) -> None:
        script = (
            "import sys\n"
            "from seaguard_cli.cli.environment import process_environment\n"
            "from seaguard_cli.cli.main import run\n"
            "run(process_environment(['check', '-m', 'tiny', 'hello']))\n"
            "print([name for name in sys.modules if 'seaguard_cli.cache' in name], file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], env=process_variables(), capture_output=True, check=True
        )
        assert done.stderr.decode().splitlines()[-1] == "[]"
        assert not Cache().path.exists()

    @pytest.mark.parametrize("value", ["1", "true"])
    def test_by_its_variable(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        monkeypatch.setenv("SEAGUARD_CACHE", value)
        assert "came from the cache" in check(*ONE, "hello").err
        assert "came from the cache" not in check(*ONE, "--no-cache", "hello").err

    def test_by_its_line(self, config_folder: Path) -> None:
        file = config_folder / "config.toml"
        file.write_text("cache = true\ncache-limit = 500\n")
        assert read_config(file, {"check": ["cache", "cache_limit"], "cache": ["cache_limit"]})
        assert "came from the cache" in check(*ONE, "hello").err
        assert json.loads(seaguard("cache", "--json").out)["limit"] == 500

    def test_a_limit_holds(self) -> None:
        check(*KEEPING, "--settle", "0", "--cache-limit", "20", stdin=TEXTS)
        assert entries() <= 20


class TestPrivacy:
    def test_neither_the_text_nor_a_plain_hash_of_it_is_kept(self, folder: Path) -> None:
        text = "Xylophones of Quetzalcoatl"
        check(*KEEPING, stdin=f"{text}\n".encode())
        check(*KEEPING, "--deterministic", "-f", str(EXAMPLES))
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert {path.name for path in files} >= {"scores.db", "scores.key"}
        kept = b"".join(path.read_bytes() for path in files)
        texts = [text, *(json.loads(line)["text"] for line in EXAMPLES.read_bytes().splitlines())]
        for one in texts:
            for data in (one.encode(), one.encode("utf-16-le"), one.split()[0].encode()):
                assert data not in kept
            for name in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b", "blake2s"):
                digest = hashlib.new(name, one.encode()).digest()
                assert digest[:8] not in kept
                assert digest.hex()[:16].encode() not in kept

    @pytest.mark.skipif(os.name != "posix", reason="no file modes here")
    def test_nobody_else_may_look(self, folder: Path) -> None:
        before = os.umask(0)
        try:
            check(*KEEPING, "hello")
        finally:
            os.umask(before)
        assert folder.stat().st_mode & 0o777 == 0o700
        modes = {path.stat().st_mode & 0o777 for path in folder.glob("scores.*")}
        assert modes == {0o600}


class TestSeveralProcesses:
    def test_at_once(self) -> None:
        command = (*COMMAND, "check", *KEEPING, "--deterministic")
        with ExitStack() as stack:
            runs = [stack.enter_context(running(*command)) for _ in range(3)]
            for run in runs:
                assert run.stdin
                run.stdin.write(TEXTS)
                run.stdin.close()
            outs = [run.stdout.read() for run in runs if run.stdout]
            told = b"".join(run.stderr.read() for run in runs if run.stderr)
            assert [run.wait() for run in runs] == [0] * 3
        assert outs == [check(*ONE, "--deterministic", stdin=TEXTS).out] * 3
        assert b"warning: going" not in told
        assert entries() == 150

    def test_one_that_is_killed_loses_little_and_breaks_nothing(self) -> None:
        wanted = check(*ONE, "--deterministic", stdin=TEXTS)
        for lines in (20, 60, 100):
            with running(*COMMAND, "check", *KEEPING, "--deterministic") as run:
                assert run.stdin
                assert run.stdout
                run.stdin.write(TEXTS)
                for _ in range(lines):
                    run.stdout.readline()
                run.send_signal(signal.SIGKILL)
            assert run.returncode == -signal.SIGKILL
            assert entries() > 0
        last = check(*KEEPING, "--deterministic", stdin=TEXTS)
        assert (last.out, last.status) == (wanted.out, 0)
        assert entries() == 150

    @pytest.mark.parametrize("way", [(), ("--deterministic",)])
    def test_one_that_waits_for_its_input_has_kept_what_it_told(self, way: tuple[str, ...]) -> None:
        with running(*COMMAND, "check", *KEEPING, *way) as run:
            assert run.stdin
            assert run.stdout
            run.stdin.write(b"hello\n")
            assert run.stdout.readline().startswith(b'{"text"')
            run.kill()
        assert entries() == 1


class TestWithoutAUsableCache:
    """A sentence, and the verdicts of a run without one."""

    def require_plain(self, ran: Ran, *told: str) -> None:
        plain = check(*ONE, "-f", str(EXAMPLES))
        assert (ran.out, ran.status) == (plain.out, 0)
        (warning,) = [line for line in ran.told if "cache" in line and "scores came" not in line]
        assert warning.startswith("seaguard: warning: going on without the cache: /")
        for words in told:
            assert words in warning

    def run(self) -> Ran:
        return check(*KEEPING, "-f", str(EXAMPLES))

    def test_damaged(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "scores.db").write_bytes(b"SQLite format 3\0" + b"noise" * 5000)
        self.require_plain(self.run(), "scores.db", "damaged", "`seaguard cache clear`")

    def test_damaged_within(self, folder: Path) -> None:
        check(*KEEPING, stdin=TEXTS)
        self.run()
        path = folder / "scores.db"
        data = bytearray(path.read_bytes())
        for at in range(4096, len(data), 7):
            data[at] ^= 0x55
        path.write_bytes(data)
        self.require_plain(self.run(), "scores.db", "damaged", "`seaguard cache clear`")

    def test_made_by_a_later_version(self, folder: Path) -> None:
        self.run()
        with closing(sqlite3.connect(folder / "scores.db")) as later:
            later.execute("PRAGMA user_version = 99")
        self.require_plain(self.run(), "a later version of seaguard")

    def test_a_key_of_another_size(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "scores.key").write_bytes(b"")
        self.require_plain(self.run(), "scores.key", "damaged")

    def test_no_place_for_it(self, folder: Path) -> None:
        folder.parent.mkdir(parents=True)
        folder.write_bytes(b"")
        self.require_plain(self.run(), "check this file and its folder")

    @pytest.mark.skipif(os.name != "posix", reason="no such limit here")
    @pytest.mark.parametrize("most", [0, 50_000])
    def test_a_full_disk(self, most: int) -> None:
        import resource

        wanted = check(*ONE, "--deterministic", stdin=TEXTS)
        ran = process(
            "check",
            *KEEPING,
            "--deterministic",
            stdin=TEXTS,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
        )
        assert (ran.out, ran.status) == (wanted.out, 0)
        assert "going on without the cache" in ran.err
        assert "Traceback" not in ran.err


class TestShow:
    def test_nothing_yet(self, folder: Path) -> None:
        ran = seaguard("cache")
        assert ran.lines[0] == b"scores\t0"
        assert ran.status == 0
        assert not folder.exists()

    def test_what_is_kept_to_a_program(self, folder: Path) -> None:
        for _ in range(2):
            check(*KEEPING, "--settle", "0", "-f", str(EXAMPLES))
        told = dict(line.decode().split("\t") for line in seaguard("cache").lines)
        assert (told["scores"], told["limit"], told["taken"]) == ("16", "10000000", "16")
        assert told["path"] == str(folder / "scores.db")
        assert int(told["size"]) == (folder / "scores.db").stat().st_size

    def test_and_to_a_person(self) -> None:
        check(*KEEPING, "--settle", "0", "-f", str(EXAMPLES))
        lines = seaguard("cache", terminals="out").out.decode().splitlines()
        assert lines[0] == "scores     16 of at most 10,000,000"
        assert lines[1].startswith("size       ")
        assert lines[2] == "taken      0 times"

    def test_as_json(self, folder: Path) -> None:
        check(*KEEPING, "--settle", "0", "hello")
        shown = json.loads(seaguard("cache", "--json", "--cache-limit", "5").out)
        assert shown.pop("size") > 0
        assert shown.pop("least_used") == shown.pop("last_used")
        assert shown == {
            "schema": 1,
            "command": "cache",
            "path": str(folder / "scores.db"),
            "entries": 1,
            "hits": 0,
            "limit": 5,
        }

    def test_one_that_is_damaged(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "scores.db").write_bytes(b"noise" * 100)
        ran = seaguard("cache")
        assert ran.status == 74
        assert "damaged" in ran.err
        assert "`seaguard cache clear`" in ran.err
        assert json.loads(seaguard("cache", "--json").out)["error"]["type"] == "CacheDamaged"


class TestClear:
    @pytest.fixture(autouse=True)
    def filled(self) -> None:
        check(*KEEPING, "--settle", "0", "-f", str(EXAMPLES))

    def test_forgets_everything_and_makes_a_new_key(self, folder: Path) -> None:
        before = (folder / "scores.key").read_bytes()
        ran = seaguard("cache", "clear", "--yes")
        assert ran.status == 0
        assert "cleared" in ran.err
        assert entries() == 0
        assert (folder / "scores.key").read_bytes() != before
        again = check(*KEEPING, "--settle", "0", "-f", str(EXAMPLES))
        assert again.told[-1] == "seaguard: 0 of 16 scores came from the cache"

    def test_asks_at_a_terminal(self) -> None:
        asked = seaguard("cache", "clear", terminals="in err", stdin=b"n\n")
        assert "clear 16 scores? [y/N]" in asked.err
        assert entries() == 16
        assert seaguard("cache", "clear", terminals="in err", stdin=b"y\n").status == 0
        assert entries() == 0

    def test_wants_a_yes_anywhere_else(self) -> None:
        ran = seaguard("cache", "clear")
        assert ran.status == 2
        assert "say --yes, or look first with --dry-run" in ran.err
        assert entries() == 16

    def test_tells_beforehand_what_goes(self) -> None:
        ran = seaguard("cache", "clear", "--dry-run", "--json")
        assert "would clear 16 scores in /" in ran.err
        assert json.loads(ran.out)["cleared"] is False
        assert entries() == 16

    def test_an_empty_one_needs_no_question(self) -> None:
        seaguard("cache", "clear", "--yes")
        ran = seaguard("cache", "clear")
        assert (ran.status, ran.err) == (0, "seaguard: the cache is empty\n")

    @pytest.mark.parametrize("spoil", ["database", "key", "version"])
    def test_mends_one_that_cannot_be_used(self, folder: Path, spoil: str) -> None:
        if spoil == "database":
            (folder / "scores.db").write_bytes(b"noise" * 100)
        elif spoil == "key":
            (folder / "scores.key").write_bytes(b"")
        else:
            with closing(sqlite3.connect(folder / "scores.db")) as later:
                later.execute("PRAGMA user_version = 99")
        assert seaguard("cache", "clear", "--yes").status == 0
        for known in (0, 16):
            ran = check(*KEEPING, "--settle", "0", "-f", str(EXAMPLES))
            assert ran.told[-1] == f"seaguard: {known} of 16 scores came from the cache"

    def test_while_another_runs_leaves_it_running(self) -> None:
        command = (*COMMAND, "check", *KEEPING, "--settle", "0", "-o", "labels")
        with running(*command) as run:
            assert run.stdin
            assert run.stdout
            assert run.stderr
            run.stdin.write(b"one\n")
            assert run.stdout.readline() == b"safe\n"
            assert seaguard("cache", "clear", "--yes").status == 0
            run.stdin.write(b"two\n")
            assert run.stdout.readline() == b"safe\n"
            run.stdin.close()
            assert run.wait() == 0
            assert b"another seaguard has cleared it" in run.stderr.read()
        assert entries() == 0
