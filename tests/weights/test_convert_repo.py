"""`seaguard convert OWNER/NAME`: a repo of the Hub, fetched like weights and converted here."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import gguf
import pytest
from convert.recipes import RECIPES
from convert.sound import write_guard

from seaguard_cli import __version__
from seaguard_cli.weights import Store, checkpoints

from .helpers import OFFICIAL, Ran, offer, seaguard
from .loopback import COMMIT, FakeRepo, Hub, git_hash, sha256

GUARD = "owner/Guard-4B"
SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")


# tiny's weights in 16 bits and 32, as they are written back.
WEIGHTS = "12 MB"


@pytest.fixture(scope="session")
def guard_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a small checkpoint that passes its canaries."""
    folder = write_guard(tmp_path_factory.mktemp("checkpoint") / "guard")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def guard(hub: Hub, guard_files: dict[str, bytes]) -> FakeRepo:
    """A repo with that checkpoint, and with prose."""
    files = {**guard_files, "README.md": b"prose", "figures/one.json": b"{}"}
    hub.repos[GUARD] = FakeRepo(files, tags=["license:mit"])
    return hub.repos[GUARD]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where the files shall lie."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def converted(out: Path, *arguments: str, repo: str = GUARD, **how: str) -> Ran:
    """Convert the repo without trying the outcome, which other tests do."""
    return seaguard("convert", repo, "-o", str(out), "--no-canaries", *arguments, **how)


def fetched(hub: Hub) -> list[str]:
    """Give the names of the large files that the storage was asked for."""
    names = {
        f"/{sha256(data)}": name for repo in hub.repos.values() for name, data in repo.files.items()
    }
    return [names[one.path.partition("?")[0]] for one in hub.to("storage")]


def test_a_repo_becomes_a_file_that_judges_and_its_safetensors_are_gone(
    hub: Hub, guard: FakeRepo, store: Store, out: Path
) -> None:
    ran = seaguard("convert", GUARD, "-o", str(out), "--quant", "Q8_0")
    assert ran.status == 0, ran.err
    path = out / "Guard-4B-Q8_0.gguf"
    assert ran.out == f"{path}\n"
    assert f"{WEIGHTS} of owner/Guard-4B at c0ffee000000 to convert it from" in ran.err
    assert ran.err.count("licence") == 1
    assert f"its licence: mit, see {hub.endpoint}/{GUARD}" in ran.err
    assert "trying Guard-4B-Q8_0.gguf on a few plain texts" in ran.err
    assert "its canaries pass, with " in ran.err
    assert not checkpoints.folder_of(store, GUARD).exists()
    assert sorted(path.name for path in out.iterdir()) == ["Guard-4B-Q8_0.gguf"]
    assert seaguard("check", "-m", str(path), "some text").status == 0
    assert seaguard("verify", str(path)).status == 0
    asked = {one.path.rpartition("/")[2] for one in hub.to("hub") if "resolve" in one.path}
    assert not {"README.md", "one.json"} & asked


def test_where_it_came_from_is_in_the_file_and_in_the_json(
    hub: Hub, guard: FakeRepo, out: Path
) -> None:
    ran = seaguard("convert", GUARD, "-o", str(out / "g.gguf"), "--quant", "Q8_0", "--json")
    assert ran.status == 0, ran.err
    told = ran.json
    assert (told["outcome"], told["repo"], told["revision"]) == ("converted", GUARD, COMMIT)
    (file,) = told["files"]
    assert file["size"] == (out / "g.gguf").stat().st_size
    assert file["canaries"]["problem"] is None
    reader = gguf.GGUFReader(out / "g.gguf")
    wanted = {"repo": GUARD, "revision": COMMIT, "version": __version__}
    for key, value in wanted.items():
        field = reader.get_field(f"general.seaguard.{key}")
        assert field is not None
        assert field.contents() == value


def test_small_files_come_first_and_the_weights_only_if_they_are_worth_it(
    hub: Hub, guard: FakeRepo, store: Store, out: Path
) -> None:
    guard.files["config.json"] = b'{"architectures": ["GPT2LMHeadModel"]}'
    ran = converted(out)
    assert ran.status == 4
    assert f"{GUARD}/config.json: it is a GPT2LMHeadModel: `seaguard convert` takes the" in ran.err
    assert hub.to("storage") == []
    assert not checkpoints.folder_of(store, GUARD).exists()


def test_a_repo_that_contradicts_itself_is_told_by_its_name_before_its_weights_come(
    hub: Hub, guard: FakeRepo, out: Path
) -> None:
    del guard.files["tokenizer.json"]
    ran = converted(out)
    assert ran.status == 4
    assert f"{GUARD}/tokenizer.json: it is missing: it is so on the Hub; take another" in ran.err
    assert hub.to("storage") == []


def test_a_shard_that_the_repo_lacks_is_told(hub: Hub, guard: FakeRepo, out: Path) -> None:
    del guard.files[SHARDS[1]]
    ran = converted(out)
    assert ran.status == 4
    assert f"{GUARD}/{SHARDS[1]}: it is missing: it is so on the Hub" in ran.err
    assert list(out.iterdir()) == []


def test_a_repo_of_ggufs_is_no_checkpoint(hub: Hub, out: Path) -> None:
    offer(hub)
    ran = converted(out, repo="someone/Qwen-SEA-Guard-4B-GGUF")
    assert ran.status == 4
    assert "someone/Qwen-SEA-Guard-4B-GGUF: it holds no safetensors" in ran.err


def test_the_licence_of_a_known_model_is_told_as_models_toml_has_it(
    hub: Hub, guard: FakeRepo, out: Path
) -> None:
    hub.repos[OFFICIAL] = guard
    ran = converted(out, repo=OFFICIAL)
    assert ran.status == 0, ran.err
    assert "its licence: Apache-2.0, https://www.apache.org/licenses/LICENSE-2.0" in ran.err


def test_a_connection_that_is_cut_goes_on_in_the_next_run(
    hub: Hub, guard: FakeRepo, store: Store, out: Path
) -> None:
    hub.always_cut = 100_000
    ran = converted(out)
    assert ran.status == 4
    assert "the connection broke off" in ran.err
    assert "run the same command again" in ran.err
    assert list(out.iterdir()) == []
    hub.always_cut, before = None, len(hub.to("storage"))
    ran = converted(out)
    assert ran.status == 0, ran.err
    assert "of it here already" in ran.err
    first = hub.to("storage")[before]
    assert int(first.headers["range"].removeprefix("bytes=").removesuffix("-")) >= 100_000


def test_what_has_come_whole_is_not_fetched_again(
    hub: Hub, guard: FakeRepo, store: Store, out: Path
) -> None:
    guard.files[SHARDS[1]], real = guard.files[SHARDS[1]][:-1], guard.files[SHARDS[1]]
    assert converted(out).status == 4
    guard.files[SHARDS[1]] = real
    del hub.asked[:]
    assert converted(out).status == 0
    assert fetched(hub) == [SHARDS[1]]


def test_a_shard_with_a_wrong_hash_is_never_converted(
    hub: Hub, guard: FakeRepo, store: Store, out: Path
) -> None:
    hub.spoil = lambda data: data[:-1] + b"x"
    ran = converted(out)
    assert ran.status == 4
    assert f"{SHARDS[0]}: its SHA-256 is " in ran.err
    assert list(out.iterdir()) == []
    assert not list(checkpoints.folder_of(store, GUARD).rglob(f"{SHARDS[0]}*"))


def test_kept_safetensors_serve_the_next_quant_and_go_when_they_are_named(
    hub: Hub, guard: FakeRepo, store: Store, out: Path
) -> None:
    ran = converted(out, "--keep")
    assert ran.status == 0, ran.err
    place = checkpoints.place_of(store, GUARD, COMMIT)
    assert f"its safetensors are kept: {place}" in ran.err
    del hub.asked[:]
    ran = converted(out, "--quant", "Q8_0")
    assert ran.status == 0, ran.err
    assert hub.to("storage") == []
    assert place.is_dir()
    ran = seaguard("rm", GUARD, "--dry-run")
    assert f"would remove {GUARD} (safetensors), {WEIGHTS}" in ran.err
    assert place.is_dir()
    assert seaguard("rm", GUARD, "--yes").status == 0
    assert not checkpoints.folder_of(store, GUARD).exists()
    assert seaguard("rm", GUARD, "--yes").status == 4


def test_kept_safetensors_are_converted_offline(
    hub: Hub, guard: FakeRepo, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert converted(out, "--keep").status == 0
    del hub.asked[:]
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    ran = converted(out, "--quant", "Q8_0", "--json")
    assert ran.status == 0, ran.err
    assert (ran.json["repo"], ran.json["revision"]) == (GUARD, COMMIT)
    assert converted(out, "--quant", "Q6_K", "--revision", COMMIT[:10]).status == 0
    assert converted(out, "--quant", "Q5_K_M", "--revision", "badc0de").status == 4
    assert hub.asked == []


@pytest.mark.parametrize("how", ["--offline", "SEAGUARD_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_asks_no_one(
    hub: Hub, guard: FakeRepo, out: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if how != "--offline":
        monkeypatch.setenv(how, "1")
    ran = converted(out, *([how] if how == "--offline" else []))
    assert ran.status == 4
    assert f"{GUARD}: not on this machine, and the network is ruled out" in ran.err
    assert hub.asked == []


def _in_cache(home: Path, repo: FakeRepo) -> Path:
    """Put a repo into huggingface_hub's cache, as its client does."""
    cache = home / "hf" / "hub" / f"models--{GUARD.replace('/', '--')}"
    snapshot = cache / "snapshots" / COMMIT
    for folder in (cache / "refs", cache / "blobs", snapshot):
        folder.mkdir(parents=True)
    (cache / "refs" / "main").write_text(COMMIT)
    for name, data in repo.files.items():
        if "/" not in name:
            blob = sha256(data) if name.endswith(".safetensors") else git_hash(data)
            (cache / "blobs" / blob).write_bytes(data)
            (snapshot / name).symlink_to(os.path.relpath(cache / "blobs" / blob, snapshot))
    return snapshot


def test_weights_in_the_hubs_own_cache_are_not_fetched_and_stay_there(
    hub: Hub, guard: FakeRepo, home: Path, out: Path
) -> None:
    snapshot = _in_cache(home, guard)
    assert converted(out).status == 0
    assert hub.to("storage") == []
    assert all((snapshot / name).read_bytes() == guard.files[name] for name in SHARDS)


def test_offline_converts_what_is_in_the_hubs_own_cache(
    hub: Hub, guard: FakeRepo, home: Path, out: Path
) -> None:
    snapshot = _in_cache(home, guard)
    ran = converted(out, "--offline", "--json")
    assert ran.status == 0, ran.err
    assert f"{GUARD} is in the Hub's cache: {snapshot}" in ran.err
    assert (ran.json["repo"], ran.json["revision"]) == (GUARD, COMMIT)
    assert snapshot.is_dir()
    assert hub.asked == []


def test_a_revision_is_a_commit_or_a_branch_of_the_repo(
    hub: Hub, guard: FakeRepo, out: Path
) -> None:
    for number, revision in enumerate(("main", COMMIT)):
        path = out / f"{number}.gguf"
        assert converted(path, "--revision", revision).status == 0
    ran = converted(out, "--revision", "v9")
    assert ran.status == 4
    assert f"{GUARD}: no revision v9: correct --revision" in ran.err


def test_a_renamed_repo_is_converted_under_its_new_name(
    hub: Hub, guard: FakeRepo, out: Path
) -> None:
    hub.repos["owner/Old-040226"] = FakeRepo({}, moved_to=GUARD)
    ran = converted(out, "--json", repo="owner/Old-040226")
    assert ran.status == 0, ran.err
    assert ran.json["repo"] == GUARD
    assert (out / "Guard-4B-Q4_K_M.gguf").is_file()


def test_a_gated_repo_names_the_page_where_access_is_asked_for(
    hub: Hub, guard: FakeRepo, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard.gated = True
    for token, status in ((None, 401), ("hf_unknown", 403)):
        if token:
            monkeypatch.setenv("HF_TOKEN", token)
        ran = converted(out)
        assert ran.status == 4
        assert f"{GUARD}: access has to be granted (status {status}): ask for it at" in ran.err
    hub.granted.add("hf_known")
    monkeypatch.setenv("HF_TOKEN", "hf_known")
    assert converted(out).status == 0
    assert all("authorization" not in one.headers for one in hub.to("storage"))


def test_a_missing_repo_is_told(hub: Hub, out: Path) -> None:
    ran = converted(out, repo="owner/nothing")
    assert ran.status == 4
    assert f"owner/nothing is no folder here: asking {hub.endpoint} for it" in ran.err
    assert "owner/nothing: no such repo on the Hub, or a private one" in ran.err


def test_the_hub_is_busy_and_then_fails_and_then_serves(
    hub: Hub, guard: FakeRepo, out: Path, waits: list[float]
) -> None:
    hub.statuses += [("hub /api/models", 429, {"Retry-After": "7"}), ("storage", 500, {})]
    assert converted(out).status == 0
    assert 7 in waits


def test_what_cannot_be_written_is_told_before_anything_is_asked(
    hub: Hub, guard: FakeRepo, out: Path
) -> None:
    (out / "Guard-4B-Q4_K_M.gguf").write_bytes(b"precious")
    for arguments, words in (
        ((), "exists already"),
        (("--quant", "Q9_X"), "there is no quant 'Q9_X'"),
        (("--out", str(out / "no" / "where.gguf")), "is not a folder"),
        (("--out", str(out / "one.gguf"), "--quant", "F16", "--quant", "Q8_0"), "for 2 quants"),
    ):
        ran = converted(out, *arguments)
        assert (ran.status, words in ran.err) == (2, True), ran.err
    assert hub.asked == []
    assert (out / "Guard-4B-Q4_K_M.gguf").read_bytes() == b"precious"


def test_room_for_everything_is_asked_for_before_the_weights_come(
    hub: Hub, guard: FakeRepo, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The safetensors would go there, and not the file in between and the result beside them.
    free = 64 * 2**20 + 7_000_000
    monkeypatch.setattr("shutil.disk_usage", lambda _path: type("Usage", (), {"free": free}))
    ran = converted(out)
    assert ran.status == 74
    assert "no room" in ran.err
    assert hub.to("storage") == []


def test_what_a_killed_conversion_has_left_makes_room(
    hub: Hub, guard: FakeRepo, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = out / ".seaguard-convert-left"
    left.mkdir()
    full = shutil.disk_usage(out)
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: full._replace(free=10**8 if left.exists() else full.free)
    )
    assert converted(out).status == 0


def test_a_plan_fetches_and_writes_nothing(
    hub: Hub, guard: FakeRepo, store: Store, out: Path
) -> None:
    ran = converted(out, "--dry-run", "--json")
    assert ran.status == 0, ran.err
    told = ran.json
    assert (told["outcome"], told["repo"], told["revision"]) == ("planned", GUARD, COMMIT)
    assert told["licence"] == f"mit, see {hub.endpoint}/{GUARD}"
    assert told["size"] == sum(one["size"] for one in told["sources"])
    assert {one["path"] for one in told["sources"]} >= {"config.json", *SHARDS}
    path = out / "Guard-4B-Q4_K_M.gguf"
    assert told["files"] == [{"path": str(path), "quant": "Q4_K_M"}]
    assert f"would write {path}" in ran.err
    assert hub.to("storage") == []
    assert list(out.iterdir()) == []
    assert not store.folder.exists()


def test_quants_come_from_the_flag_the_variable_the_line_or_the_default(
    hub: Hub, guard: FakeRepo, home: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def quants(*arguments: str) -> list[str]:
        ran = converted(out, "--dry-run", "--json", *arguments)
        return [one["quant"] for one in ran.json["files"]]

    seen = [quants()]
    folder = home / "config" / "seaguard"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('quant = "Q8_0 F16"\n')
    seen.append(quants())
    monkeypatch.setenv("SEAGUARD_QUANT", "Q6_K F32")
    seen += [quants(), quants("--quant", "Q5_0", "--quant", "Q5_1")]
    assert seen == [["Q4_K_M"], ["Q8_0", "F16"], ["Q6_K", "F32"], ["Q5_0", "Q5_1"]]


def test_random_weights_are_told_and_stay(hub: Hub, out: Path) -> None:
    folder = RECIPES["qwen-4"].folder
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    hub.repos[GUARD] = FakeRepo(files)
    ran = seaguard("convert", GUARD, "-o", str(out))
    assert ran.status == 4
    path = out / "Guard-4B-Q4_K_M.gguf"
    assert ran.out == f"{path}\n"
    assert path.is_file()
    assert "error: Guard-4B-Q4_K_M.gguf: its canaries fail, " in ran.err
    assert f"its licence: not declared, see {hub.endpoint}/{GUARD}" in ran.err


def test_a_build_of_a_known_model_takes_up_what_a_conversion_has_fetched(
    hub: Hub, store: Store, out: Path
) -> None:
    folder = RECIPES["qwen-4"].folder
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    hub.repos[OFFICIAL] = FakeRepo(files)
    assert converted(out, "--keep", repo=OFFICIAL).status == 0
    del hub.asked[:]
    assert seaguard("pull", "qwen-4b", "--build", "--no-canaries").status == 0
    assert hub.to("storage") == []
    assert checkpoints.folder_of(store, OFFICIAL).is_dir()
    ran = seaguard("rm", "qwen-4b", "--yes", "--json")
    names = ["qwen-sea-guard-4b:Q4_K_M", f"{OFFICIAL} (safetensors)"]
    assert ran.json["removes"] == names
    assert list(store.folder.rglob("*.safetensors")) == []


def test_a_file_that_is_listed_and_gone_is_told(hub: Hub, guard: FakeRepo, out: Path) -> None:
    hub.statuses.append((f"hub /{GUARD}/resolve/{COMMIT}/{SHARDS[0]}", 404, {}))
    ran = converted(out)
    assert ran.status == 4
    assert f"{GUARD}/{SHARDS[0]}: it is listed, and is not there: it is so on the Hub" in ran.err


@pytest.mark.parametrize("name", ["../../../etc", "a/..", "..", "a\\..\\b", "/root"])
def test_a_name_of_the_hub_cannot_lead_out_of_the_folder(store: Store, name: str) -> None:
    sources = store.folder / "sources"
    for place in (
        checkpoints.place_of(store, GUARD, name),
        checkpoints.place_of(store, name, COMMIT),
    ):
        assert Path(os.path.normpath(place)).parent.parent == sources
