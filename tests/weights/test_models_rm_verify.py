from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from seaguard_cli.weights import Store, load_catalogue, pulling

from .helpers import DATA, NAME, REPO, TARGET, offer, pull, seaguard
from .loopback import Hub

TINY = load_catalogue().models["tiny"].embedded
needs_tiny = pytest.mark.skipif(TINY is None or not TINY.is_file(), reason="tiny is not built")


def test_models_lists_what_is_known_and_what_is_here(hub: Hub, store: Store) -> None:
    offer(hub)
    pull()
    ran = seaguard("models", "--json")
    assert ran.status == 0
    rows = {(row["model"], row["quant"]): row for row in ran.json["models"]}
    assert len(rows) == 5
    here = rows["qwen-sea-guard-4b", "Q4_K_M"]
    assert (here["here"], here["size"], here["estimated"]) == (True, len(DATA), False)
    assert here["path"] == str(store.folder / TARGET)
    away = rows["gemma-sea-guard-12b", "Q4_K_M"]
    assert (away["here"], away["estimated"], away["licence"]) == (False, True, "Gemma")
    assert round(away["size"] / 1e9, 1) == 7.3
    assert away["memory"] > away["size"]
    assert away["languages"] == ["my", "en", "id", "ms", "tl", "ta", "th", "vi"]


def test_models_tells_what_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seaguard_cli.cli.models.memory_here", lambda: 8 * 10**9)
    fits = {row["model"]: row["fits"] for row in seaguard("models", "--json").json["models"]}
    assert fits["qwen-sea-guard-4b"] is True
    assert fits["gemma-sea-guard-12b"] is False


def test_models_is_a_table_on_a_terminal_and_lines_elsewhere() -> None:
    table = seaguard("models", terminals="out").out.splitlines()
    assert table[0].split() == ["MODEL", "HERE", "SIZE", "MEMORY", "FITS", "LICENCE", "LANGUAGES"]
    lines = seaguard("models").out.splitlines()
    assert len(table) == len(lines) + 1
    assert lines[1].split("\t")[:3] == ["qwen-4b:Q4_K_M", "no", "~2.5 GB"]
    assert all(line.count("\t") == 6 for line in lines)


def test_models_path_gives_the_file_for_other_programs(hub: Hub, store: Store) -> None:
    assert seaguard("models", "path", "qwen-4b").status == 4
    offer(hub)
    pull()
    assert seaguard("models", "path", "qwen-4b").out == f"{store.folder / TARGET}\n"


def test_rm_without_a_terminal_asks_for_a_yes(hub: Hub, store: Store) -> None:
    offer(hub)
    pull()
    ran = seaguard("rm", "qwen-4b")
    assert ran.status == 2
    assert "say --yes, or look first with --dry-run" in ran.err
    assert len(store.all()) == 1


def test_rm_asks_on_a_terminal(hub: Hub, store: Store) -> None:
    offer(hub)
    pull()
    assert seaguard("rm", "qwen-4b", terminals="in err", answers="n\n").status == 0
    assert len(store.all()) == 1
    assert seaguard("rm", "qwen-4b", terminals="in err", answers="y\n").status == 0
    assert store.all() == []
    assert not (store.folder / TARGET).exists()


def test_rm_tells_beforehand_what_goes(hub: Hub, store: Store) -> None:
    offer(hub)
    pull()
    ran = seaguard("rm", "qwen-4b:Q4_K_M", "--dry-run", "--json")
    assert ran.json["removes"] == ["qwen-sea-guard-4b:Q4_K_M"]
    assert ran.json["removed"] is False
    assert len(store.all()) == 1


def test_rm_removes_what_an_interrupted_pull_has_left(hub: Hub, store: Store) -> None:
    offer(hub)
    hub.always_cut = 70_000
    pull()
    assert list(store.folder.glob("*.part"))
    assert seaguard("rm", "qwen-4b", "--yes").status == 0
    assert [path for path in store.folder.iterdir() if path.is_file()] == []


def test_rm_touches_nothing_that_seaguard_did_not_fetch(hub: Hub, store: Store) -> None:
    offer(hub)
    pull()
    others = [
        store.folder / "mine.gguf",
        store.folder / "qwen-sea-guard-4b-mine.gguf",
        store.folder / "qwen-sea-guard-8b-Q4_K_M.gguf.part",
    ]
    for path in others:
        path.write_bytes(b"GGUF")
    assert seaguard("rm", "qwen-4b", "--yes").status == 0
    assert all(path.exists() for path in others)


def test_rm_of_one_quant_leaves_the_other(hub: Hub, store: Store) -> None:
    offer(hub, files={NAME: DATA, NAME.replace("Q4_K_M", "Q8_0"): DATA})
    pull()
    seaguard("pull", "qwen-4b:Q8_0", "--source", REPO, "--no-canaries")
    seaguard("rm", "qwen-4b:Q4_K_M", "--yes")
    assert [one.quant for one in store.all()] == ["Q8_0"]


@pytest.mark.parametrize("name", ["qwen-4b", "tiny"])
def test_rm_of_nothing_is_told(name: str) -> None:
    ran = seaguard("rm", name, "--yes")
    assert ran.status == 4
    assert f"{name}: nothing of it was fetched or built here" in ran.err


def test_rm_of_what_is_being_fetched_is_refused(hub: Hub, store: Store) -> None:
    offer(hub)
    pull()
    with pulling.holding(store, "qwen-sea-guard-4b", "Q4_K_M", lambda: None):
        ran = seaguard("rm", "qwen-4b", "--yes")
    assert ran.status == 4
    assert "another seaguard is at work on it" in ran.err
    assert len(store.all()) == 1


def findings(name: str, *arguments: str) -> tuple[int, dict[str, dict[str, object]]]:
    ran = seaguard("verify", name, "--json", *arguments)
    (model,) = ran.json["models"]
    return ran.status, {one["check"]: one for one in model["findings"]}


def pulled_tiny(hub: Hub, home: Path) -> bytes:
    """Pull the embedded model as if it were the weights of a model of the person's."""
    assert TINY is not None
    data = TINY.read_bytes()
    offer(hub, data, files={"g.Q8_0.gguf": data})
    folder = home / "config" / "seaguard"
    folder.mkdir(parents=True)
    (folder / "models.toml").write_text(
        '[models.small]\nfamily = "qwen"\nlicence = "MIT"\narchitecture = "llama"\n'
        'default_quant = "Q8_0"\n[[models.small.sources]]\n'
        f'repo = "{REPO}"\nfile = "g.{{quant}}.gguf"\n'
    )
    ran = seaguard("pull", "small", "--source", REPO)
    assert ran.status == 0, ran.err
    return data


@needs_tiny
def test_verify_of_sound_weights_finds_everything_right(hub: Hub, home: Path) -> None:
    pulled_tiny(hub, home)
    status, found = findings("small")
    assert status == 0
    assert list(found) == ["hash", "header", "tensors", "vocabulary", "canaries"]
    assert all(one["right"] is True for one in found.values())
    ran = seaguard("verify")
    assert ran.status == 0
    assert ran.out.startswith("small:Q8_0\n  ok     hash ")


@needs_tiny
def test_verify_finds_a_flipped_bit(hub: Hub, home: Path, store: Store) -> None:
    data = bytearray(pulled_tiny(hub, home))
    data[-100] ^= 1
    (store.folder / "small-Q8_0.gguf").write_bytes(data)
    status, found = findings("small")
    assert status == 4
    assert found["hash"]["right"] is False
    assert "vocabulary" not in found


@needs_tiny
def test_verify_finds_a_file_that_was_cut_off(hub: Hub, home: Path, store: Store) -> None:
    data = pulled_tiny(hub, home)
    (store.folder / "small-Q8_0.gguf").write_bytes(data[:-1000])
    status, found = findings("small")
    assert status == 4
    assert found["hash"]["right"] is False
    assert found["tensors"]["right"] is False
    assert seaguard("check", "-m", "small", "x").status == 4


@needs_tiny
def test_verify_of_a_path_knows_no_hash(tmp_path: Path) -> None:
    assert TINY is not None
    copy = tmp_path / "copy.gguf"
    shutil.copy(TINY, copy)
    status, found = findings(str(copy))
    assert (status, found["hash"]["right"]) == (0, None)
    copy.write_bytes(copy.read_bytes()[:-1000])
    status, found = findings(str(copy))
    assert (status, found["tensors"]["right"]) == (4, False)


@pytest.mark.parametrize("data", [b"GGUF", b"GGUF" + bytes(8), b"GGUF\3\0\0\0" + b"\xff" * 64])
def test_verify_of_a_broken_header(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(data)
    status, found = findings(str(path))
    assert (status, found["header"]["right"]) == (4, False)


@needs_tiny
def test_verify_finds_another_architecture(hub: Hub, home: Path) -> None:
    pulled_tiny(hub, home)
    config = home / "config" / "seaguard" / "models.toml"
    config.write_text(config.read_text().replace('"llama"', '"gemma3"'))
    status, found = findings("small")
    assert status == 4
    assert found["header"]["seen"] == "its architecture is llama and not gemma3"


def test_verify_of_nothing_is_told() -> None:
    ran = seaguard("verify")
    assert ran.status == 4
    assert "no weights were fetched or built here: get some with `seaguard pull MODEL`" in ran.err


def test_the_manifest_says_where_everything_came_from(hub: Hub, store: Store) -> None:
    offer(hub)
    pull()
    table = json.loads((store.folder / TARGET.replace(".gguf", ".json")).read_text())
    assert set(table) == {
        *("schema", "model", "quant", "way", "repo", "revision", "licence", "at"),
        *("seaguard", "files"),
    }
