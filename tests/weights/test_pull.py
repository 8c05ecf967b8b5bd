from __future__ import annotations

from pathlib import Path

import pytest

from seaguard_cli.weights import Store

from .helpers import DATA, NAME, REPO, TARGET, offer, pull, seaguard
from .loopback import COMMIT, FakeRepo, Hub, sha256


def test_a_named_source_is_fetched_checked_and_described(hub: Hub, store: Store) -> None:
    offer(hub)
    ran = pull("--json")
    assert ran.status == 0, ran.err
    assert (store.folder / TARGET).read_bytes() == DATA
    (manifest,) = store.all()
    assert (manifest.repo, manifest.revision, manifest.quant) == (REPO, COMMIT, "Q4_K_M")
    assert manifest.files[0].sha256 == sha256(DATA)
    assert manifest.licence == "Apache-2.0"
    assert ran.json["outcome"] == "fetched"
    assert ran.json["path"] == str(store.folder / TARGET)
    assert ran.json["files"] == [{"name": TARGET, "size": len(DATA), "sha256": sha256(DATA)}]


def test_nothing_but_weights_and_manifest_is_left(hub: Hub, store: Store) -> None:
    offer(hub)
    pull()
    names = {path.name for path in store.folder.iterdir() if path.is_file()}
    assert names == {TARGET, TARGET.replace(".gguf", ".json")}


def test_the_licence_is_named_once(hub: Hub) -> None:
    offer(hub)
    assert pull().err.count("Apache-2.0") == 1


def test_what_is_here_is_not_fetched_again(hub: Hub) -> None:
    offer(hub)
    pull()
    hub.asked.clear()
    ran = pull("--json")
    assert (ran.status, ran.json["outcome"], hub.asked) == (0, "present", [])


def test_a_damaged_file_is_fetched_again(hub: Hub, store: Store) -> None:
    offer(hub)
    pull()
    (store.folder / TARGET).write_bytes(DATA[:10])
    assert pull().status == 0
    assert (store.folder / TARGET).read_bytes() == DATA


def test_a_dry_run_tells_and_fetches_nothing(hub: Hub, store: Store) -> None:
    offer(hub)
    ran = pull("--dry-run", "--json")
    assert ran.status == 0
    assert ran.json["outcome"] == "planned"
    assert ran.json["sources"] == [{"path": NAME, "size": len(DATA), "sha256": sha256(DATA)}]
    assert hub.to("storage") == []
    assert not store.folder.exists()


def test_another_quant_is_taken_by_its_name(hub: Hub, store: Store) -> None:
    offer(
        hub, files={NAME: DATA, "Qwen-SEA-Guard-4B.i1-Q8_0.gguf": b"GGUF8", "mmproj-Q8_0.gguf": b""}
    )
    ran = seaguard("pull", "qwen-4b:q8_0", "--source", REPO, "--no-canaries")
    assert ran.status == 0, ran.err
    assert store.find("qwen-sea-guard-4b", "Q8_0") is not None
    assert (store.folder / "qwen-sea-guard-4b-Q8_0.gguf").read_bytes() == b"GGUF8"


def test_a_split_file_comes_in_its_parts(hub: Hub, store: Store) -> None:
    parts = {f"Q4_K_M/M-Q4_K_M-0000{n}-of-00003.gguf": b"GGUF" + bytes([n]) * 50 for n in (1, 2, 3)}
    offer(hub, files=parts)
    assert pull().status == 0
    names = [f"qwen-sea-guard-4b-Q4_K_M-0000{n}-of-00003.gguf" for n in (1, 2, 3)]
    assert [(store.folder / name).read_bytes() for name in names] == list(parts.values())
    assert seaguard("models", "path", "qwen-4b").out.strip() == str(store.folder / names[0])


def test_a_split_file_that_lacks_a_part_is_refused(hub: Hub, store: Store) -> None:
    offer(hub, files={"M-Q4_K_M-00001-of-00002.gguf": b"GGUF"})
    ran = pull()
    assert ran.status == 4
    assert "that completes the parts of Q4_K_M" in ran.err
    assert store.all() == []


def test_a_whole_file_goes_before_parts_and_a_plain_name_before_others(
    hub: Hub, store: Store
) -> None:
    files = {
        "M.i1-Q4_K_M.gguf": b"GGUFi",
        "M.Q4_K_M.gguf": b"GGUFp",
        "M-Q4_K_M-00001-of-00002.gguf": b"GGUF1",
        "M-Q4_K_M-00002-of-00002.gguf": b"GGUF2",
    }
    offer(hub, files=files)
    pull()
    assert (store.folder / TARGET).read_bytes() == b"GGUFp"


def test_a_renamed_repo_is_followed(hub: Hub, store: Store) -> None:
    new = REPO.replace("-GGUF", "-2602-GGUF")
    hub.repos[new] = FakeRepo({NAME: DATA})
    hub.repos[REPO] = FakeRepo({}, moved_to=new)
    ran = pull()
    assert ran.status == 0, ran.err
    (manifest,) = store.all()
    assert manifest.repo == new


def test_a_token_goes_to_the_hub_and_to_no_other_host(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(hub, gated=True)
    hub.granted.add("hf_secret")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert pull().status == 0
    assert {one.headers.get("authorization") for one in hub.to("hub")} == {"Bearer hf_secret"}
    assert len(hub.to("storage")) == 1
    assert all("authorization" not in one.headers for one in hub.to("storage"))


def test_no_telemetry_is_sent(hub: Hub) -> None:
    offer(hub)
    pull()
    paths = {one.path for one in hub.asked}
    assert not any("telemetry" in path or "agent" in path for path in paths)
    assert not any("torch" in one.headers.get("user-agent", "") for one in hub.asked)


def test_a_file_in_the_hubs_own_cache_is_not_fetched(hub: Hub, home: Path, store: Store) -> None:
    offer(hub)
    blobs = home / "hf" / "hub" / f"models--{REPO.replace('/', '--')}" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / sha256(DATA)).write_bytes(DATA)
    assert pull().status == 0
    assert hub.to("storage") == []
    assert (store.folder / TARGET).read_bytes() == DATA
    assert seaguard("rm", "qwen-4b", "--yes").status == 0
    assert (blobs / sha256(DATA)).read_bytes() == DATA


@pytest.mark.parametrize("spoil", [lambda data: data[:-1], lambda data: data[:-1] + b"x"])
def test_a_spoilt_file_in_the_hubs_cache_is_passed_over(
    hub: Hub, home: Path, store: Store, spoil: object
) -> None:
    assert callable(spoil)
    offer(hub)
    blobs = home / "hf" / "hub" / f"models--{REPO.replace('/', '--')}" / "blobs"
    blobs.mkdir(parents=True)
    spoilt = spoil(DATA)
    (blobs / sha256(DATA)).write_bytes(spoilt)
    assert pull().status == 0
    assert (store.folder / TARGET).read_bytes() == DATA
    assert (blobs / sha256(DATA)).read_bytes() == spoilt


def pinned(home: Path, sha: str = sha256(DATA), revision: str = COMMIT) -> None:
    folder = home / "config" / "seaguard"
    folder.mkdir(parents=True)
    (folder / "models.toml").write_text(
        "[[models.qwen-sea-guard-4b.sources]]\n"
        f'repo = "{REPO}"\nfile = "Qwen-SEA-Guard-4B.{{quant}}.gguf"\nrevision = "{revision}"\n'
        f'sha256 = {{ Q4_K_M = "{sha}" }}\n'
    )


def test_a_pinned_source_is_fetched_without_a_question(hub: Hub, home: Path, store: Store) -> None:
    offer(hub)
    pinned(home)
    ran = seaguard("pull", "qwen-4b", "--no-canaries")
    assert ran.status == 0, ran.err
    assert (store.folder / TARGET).read_bytes() == DATA
    assert not any(one.path.startswith("/api/models?") for one in hub.asked)


def test_another_hash_than_the_pinned_one_is_not_even_fetched(
    hub: Hub, home: Path, store: Store
) -> None:
    offer(hub)
    pinned(home, sha="0" * 64)
    ran = seaguard("pull", "qwen-4b", "--no-canaries")
    assert ran.status == 4
    assert f"its SHA-256 is {sha256(DATA)} and should be {'0' * 64}" in ran.err
    assert hub.to("storage") == []
    assert store.all() == []


def test_a_pinned_revision_that_is_gone_is_told(hub: Hub, home: Path) -> None:
    offer(hub)
    pinned(home, revision="dead" * 10)
    ran = seaguard("pull", "qwen-4b", "--no-canaries")
    assert ran.status == 4
    assert "no revision dead" in ran.err


def test_offline_takes_a_pinned_file_from_the_hubs_cache(
    hub: Hub, home: Path, store: Store
) -> None:
    pinned(home)
    blobs = home / "hf" / "hub" / f"models--{REPO.replace('/', '--')}" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / sha256(DATA)).write_bytes(DATA)
    ran = seaguard("pull", "qwen-4b", "--no-canaries", "--offline")
    assert ran.status == 0, ran.err
    assert (store.folder / TARGET).read_bytes() == DATA
    assert hub.asked == []


@pytest.mark.parametrize("variable", ["", "HF_HUB_OFFLINE", "SEAGUARD_OFFLINE"])
def test_offline_asks_no_one(hub: Hub, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    offer(hub)
    if variable:
        monkeypatch.setenv(variable, "1")
    ran = pull(*([] if variable else ["--offline"]))
    assert ran.status == 4
    assert "the network is ruled out" in ran.err
    assert hub.asked == []


def test_an_embedded_model_needs_no_fetching(hub: Hub) -> None:
    ran = seaguard("pull", "tiny", "--json")
    assert (ran.status, ran.json["outcome"]) == (0, "present")
    assert hub.asked == []


def test_source_and_build_are_two_ways(hub: Hub) -> None:
    assert pull("--build").status == 2


@pytest.mark.parametrize("name", ["gpt", "qwen-4b:../x"])
def test_a_wrong_name_is_told_before_anything_is_asked(hub: Hub, name: str) -> None:
    ran = seaguard("pull", name, "--json")
    assert ran.status == (4 if name == "gpt" else 2)
    assert ran.json["error"]["status"] == ran.status
    assert hub.asked == []


def test_a_full_disk_is_told_before_anything_is_fetched(
    hub: Hub, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(hub)
    monkeypatch.setattr(
        "shutil.disk_usage", lambda _path: type("Usage", (), {"free": 2**20, "total": 0, "used": 0})
    )
    ran = pull()
    assert ran.status == 74
    assert "no room" in ran.err
    assert "1.0 MB are free" in ran.err
    assert hub.to("storage") == []
    assert store.all() == []
