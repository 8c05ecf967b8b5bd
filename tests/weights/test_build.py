"""The third way: the official checkpoint fetched by the same fetcher and converted here."""

from __future__ import annotations

from pathlib import Path

import pytest

from seaguard_cli.weights import Store, checkpoints

from .helpers import OFFICIAL, TARGET, seaguard
from .loopback import COMMIT, FakeRepo, Hub

CHECKPOINT = Path(__file__).parent.parent / "convert" / "checkpoints" / "qwen-4"
BUILD = ("pull", "qwen-4b", "--build", "--no-canaries")


@pytest.fixture
def official(hub: Hub) -> FakeRepo:
    """The official repo, with a tiny checkpoint of the architecture in it."""
    files = {path.name: path.read_bytes() for path in CHECKPOINT.iterdir() if path.is_file()}
    files |= {"README.md": b"prose", "figures/one.json": b"{}"}
    hub.repos[OFFICIAL] = FakeRepo(files, tags=["license:apache-2.0"])
    return hub.repos[OFFICIAL]


@pytest.mark.usefixtures("official")
def test_the_official_weights_are_fetched_converted_and_judge(hub: Hub, store: Store) -> None:
    ran = seaguard(*BUILD, "--json")
    assert ran.status == 0, ran.err
    assert ran.json["outcome"] == "built"
    (manifest,) = store.all()
    assert (manifest.way, manifest.repo, manifest.revision) == ("built", OFFICIAL, COMMIT)
    assert seaguard("verify", "qwen-4b", "--no-canaries").status == 0
    assert seaguard("check", "-m", "qwen-4b", "some text").status == 0
    assert not checkpoints.folder_of(store, OFFICIAL).exists()
    fetched = {one.path.rpartition("/")[2] for one in hub.to("hub", "GET") if "resolve" in one.path}
    assert "README.md" not in fetched
    assert "one.json" not in fetched


@pytest.mark.usefixtures("official")
def test_an_interrupted_fetch_goes_on_and_keeps_what_is_whole(hub: Hub, store: Store) -> None:
    hub.always_cut = 1000
    ran = seaguard(*BUILD)
    assert ran.status == 4
    assert "the connection broke off" in ran.err
    assert store.all() == []
    hub.always_cut = None
    before = len(hub.to("storage"))
    assert seaguard(*BUILD).status == 0
    assert any("range" in one.headers for one in hub.to("storage")[before:])


def test_a_checkpoint_that_cannot_be_converted_leaves_no_model(
    official: FakeRepo, store: Store
) -> None:
    official.files["config.json"] = b'{"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2"}'
    ran = seaguard(*BUILD)
    assert ran.status == 4
    assert store.all() == []
    assert not (store.folder / TARGET).exists()
    assert not checkpoints.folder_of(store, OFFICIAL).exists()
    assert seaguard("rm", "qwen-4b", "--yes").status == 4


def test_another_architecture_is_refused_before_its_weights_are_fetched(
    hub: Hub, official: FakeRepo, store: Store
) -> None:
    folder = CHECKPOINT.with_name("llama-4")
    official.files = {path.name: path.read_bytes() for path in folder.iterdir()}
    ran = seaguard(*BUILD)
    assert ran.status == 4
    assert "what was fetched is another model, its architecture is llama and not qwen3vl" in ran.err
    assert hub.to("storage") == []
    assert not checkpoints.folder_of(store, OFFICIAL).exists()


def test_a_quant_that_is_not_made_here_is_refused_before_anything_is_asked(
    hub: Hub, official: FakeRepo
) -> None:
    ran = seaguard("pull", "qwen-4b:IQ2_XXS", "--build")
    assert ran.status == 2
    assert "there is no quant 'IQ2_XXS': known are F32" in ran.err
    assert hub.asked == []
    # Nor is building offered where someone has to choose.
    ran = seaguard("pull", "qwen-4b:IQ2_XXS")
    assert ran.status == 4
    assert "--build" not in ran.err


@pytest.mark.usefixtures("official")
def test_room_is_asked_for_before_anything_is_fetched(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _path: type("Usage", (), {"free": 9 * 10**9}))
    ran = seaguard(*BUILD)
    assert ran.status == 74
    assert hub.to("storage") == []


@pytest.mark.usefixtures("official")
def test_the_disk_that_a_build_takes_is_told_beforehand() -> None:
    ran = seaguard(*BUILD, "--dry-run", "--json")
    assert ran.json["disk"] == pytest.approx(ran.json["size"] + 8.04e9 + 2.49e9, rel=0.01)
    assert "to build it from; about 11 GB of disk while it works" in ran.err


def test_a_model_of_unknown_shape_takes_thrice_its_checkpoint(
    hub: Hub, official: FakeRepo, home: Path
) -> None:
    folder = home / "config" / "seaguard"
    folder.mkdir(parents=True)
    (folder / "models.toml").write_text(
        '[models.mine]\nfamily = "qwen"\nlicence = "MIT"\nofficial = ["owner/Mine"]\n'
    )
    hub.repos["owner/Mine"] = official
    ran = seaguard("pull", "mine", "--build", "--dry-run", "--json")
    assert ran.json["disk"] == 3 * ran.json["size"]


def test_a_renamed_official_repo_is_built_from(hub: Hub, official: FakeRepo, store: Store) -> None:
    new = OFFICIAL.replace("040226", "2602")
    hub.repos[new] = official
    hub.repos[OFFICIAL] = FakeRepo({}, moved_to=new)
    assert seaguard(*BUILD).status == 0
    assert store.all()[0].repo == new


def test_without_an_official_repo_both_spellings_are_named(hub: Hub) -> None:
    ran = seaguard(*BUILD)
    assert ran.status == 4
    assert f"{OFFICIAL} or {OFFICIAL.replace('040226', '2602')}: no such repo" in ran.err
