from __future__ import annotations

import json
from pathlib import Path

import pytest

from seaguard_cli.errors import (
    ConfigError,
    UnknownModel,
    UsageError,
    WeightsDamaged,
    WeightsMissing,
    WeightsUnreadable,
)
from seaguard_cli.weights import Catalogue, Store, find_model, load_catalogue, locate
from seaguard_cli.weights.store import Manifest, StoredFile

GGUF = b"GGUF" + bytes(60)


@pytest.fixture
def catalogue() -> Catalogue:
    return load_catalogue(Path("/nowhere"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "weights")


def put(store: Store, model: str, quant: str, parts: int = 1) -> Manifest:
    store.folder.mkdir(exist_ok=True)
    names = [store.name_of(model, quant, part + 1, parts) for part in range(parts)]
    for name in names:
        (store.folder / name).write_bytes(GGUF)
    files = tuple(StoredFile(name, name, len(GGUF), "0" * 64) for name in names)
    manifest = Manifest(model, quant, "fetched", "a/b", "c", "MIT", "2026-01-01", "0.1.0", files)
    store.write(manifest)
    return manifest


def test_what_was_fetched_is_found_by_name_alias_and_quant(
    catalogue: Catalogue, store: Store
) -> None:
    put(store, "qwen-sea-guard-4b", "Q4_K_M")
    for name in ("qwen-4b", "qwen-sea-guard-4b", "qwen-4b:Q4_K_M", "qwen-4b:q4_k_m"):
        weights = locate(name, catalogue, store)
        assert weights.label == "qwen-sea-guard-4b:Q4_K_M"
        assert weights.path == store.folder / "qwen-sea-guard-4b-Q4_K_M.gguf"


def test_a_split_file_is_opened_by_its_first_part(catalogue: Catalogue, store: Store) -> None:
    put(store, "qwen-sea-guard-4b", "F16", parts=3)
    path = locate("qwen-4b:F16", catalogue, store).path
    assert path.name == "qwen-sea-guard-4b-F16-00001-of-00003.gguf"


def test_another_quant_is_not_taken_but_told(catalogue: Catalogue, store: Store) -> None:
    put(store, "qwen-sea-guard-4b", "Q8_0")
    with pytest.raises(WeightsMissing) as raised:
        locate("qwen-4b", catalogue, store)
    assert raised.value.facts == {"model": "qwen-4b", "quant": "Q4_K_M", "others": "Q8_0"}


def test_a_file_without_a_manifest_is_no_weights(catalogue: Catalogue, store: Store) -> None:
    manifest = put(store, "qwen-sea-guard-4b", "Q4_K_M")
    (store.folder / "qwen-sea-guard-4b-Q4_K_M.json").unlink()
    with pytest.raises(WeightsMissing):
        locate("qwen-4b", catalogue, store)
    assert store.find(manifest.model, manifest.quant) is None


@pytest.mark.parametrize("spoil", ["gone", "short"])
def test_a_fetched_file_that_is_not_whole_is_told(
    catalogue: Catalogue, store: Store, spoil: str
) -> None:
    path = store.path_of(put(store, "qwen-sea-guard-4b", "Q4_K_M"))
    path.unlink() if spoil == "gone" else path.write_bytes(b"GGUF")
    with pytest.raises(WeightsDamaged):
        locate("qwen-4b", catalogue, store)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "5", "null", '"x"', '{"schema": 2}', '{"schema": 1, "files": []}']
)
def test_a_manifest_that_is_none_is_passed_over(store: Store, text: str) -> None:
    put(store, "qwen-sea-guard-4b", "Q4_K_M")
    (store.folder / "other-Q4_K_M.json").write_text(text)
    assert [one.model for one in store.all()] == ["qwen-sea-guard-4b"]


@pytest.mark.parametrize("value", [None, 5, -1, "x", "", "..", [], [5], {}, True], ids=repr)
@pytest.mark.parametrize(
    "name",
    [
        *("schema", "model", "quant", "way", "repo", "revision", "licence", "at", "seaguard"),
        *("files", "files.name", "files.source", "files.size", "files.sha256"),
    ],
)
def test_a_manifest_has_the_values_that_one_is_given_or_is_none(
    store: Store, name: str, value: object
) -> None:
    manifest = put(store, "qwen-sea-guard-4b", "Q4_K_M")
    path = store.folder / "qwen-sea-guard-4b-Q4_K_M.json"
    said = json.loads(path.read_text())
    whole, _, part = name.partition(".")
    if part:
        said["files"][0][part] = value
    else:
        said[whole] = value
    path.write_text(json.dumps(said))
    found = store.all()
    for one in found:
        assert {type(file.size) for file in one.files} == {int}
        assert {file.name for file in one.files} <= {"x", manifest.files[0].name}
        words = [one.model, one.quant, one.repo, one.revision or "", one.licence or "", one.at]
        words += [part for file in one.files for part in (file.name, file.source, file.sha256)]
        assert all(isinstance(word, str) for word in words)
    if name == "way":
        assert found == []


def test_a_manifest_cannot_name_a_file_of_another_folder(store: Store) -> None:
    put(store, "qwen-sea-guard-4b", "Q4_K_M")
    path = store.folder / "qwen-sea-guard-4b-Q4_K_M.json"
    path.write_text(path.read_text().replace('"name": "', '"name": "../'))
    assert store.all() == []


def test_a_path_is_taken_as_it_is(catalogue: Catalogue, tmp_path: Path) -> None:
    path = tmp_path / "mine.gguf"
    path.write_bytes(GGUF)
    assert locate(str(path), catalogue).label == "mine"


def test_a_path_to_something_else_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    path = tmp_path / "mine.gguf"
    path.write_bytes(b"<html>")
    with pytest.raises(WeightsUnreadable):
        locate(str(path), catalogue)


def test_an_unknown_name_is_told(catalogue: Catalogue, store: Store) -> None:
    with pytest.raises(UnknownModel):
        locate("gpt", catalogue, store)


def test_a_model_that_is_a_file_of_the_person(tmp_path: Path, store: Store) -> None:
    path, own = tmp_path / "g.gguf", tmp_path / "models.toml"
    own.write_text(f'[models.mine]\npath = "{path}"\n')
    with pytest.raises(ConfigError):
        locate("mine", load_catalogue(own), store)
    path.write_bytes(GGUF)
    weights = locate("mine", load_catalogue(own), store)
    assert (weights.label, weights.path) == ("mine", path)


def test_a_quant_that_cannot_be_one_is_wrong_usage(catalogue: Catalogue) -> None:
    assert find_model("qwen-4b:q8_0", catalogue)[1] == "Q8_0"
    assert find_model("qwen-4b", catalogue)[1] == "Q4_K_M"
    for name in ("qwen-4b:", "qwen-4b:../x"):
        with pytest.raises(UsageError):
            find_model(name, catalogue)
