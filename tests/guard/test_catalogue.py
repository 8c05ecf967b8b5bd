"""`models.toml`: what it says, and what happens when one's own cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from seaguard_cli.errors import ConfigError
from seaguard_cli.weights import load_catalogue

CATALOGUE = load_catalogue()


def written(folder: Path, text: str) -> Path:
    path = folder / "models.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_four_official_models_are_known_by_name_and_alias() -> None:
    for name, alias in (
        ("qwen-sea-guard-4b", "qwen-4b"),
        ("qwen-sea-guard-8b", "qwen-8b"),
        ("llama-sea-guard-8b", "llama-8b"),
        ("gemma-sea-guard-12b", "gemma-12b"),
    ):
        model = CATALOGUE.find(name)
        assert model is not None
        assert model is CATALOGUE.find(alias)
        assert not model.demonstration


def test_only_the_embedded_model_is_a_demonstration() -> None:
    shown = [model.name for model in CATALOGUE.models.values() if model.demonstration]
    assert shown == ["tiny"]


def test_a_name_that_nothing_has_finds_nothing() -> None:
    for name in ("", "qwen", "QWEN-4B", "qwen-4b ", "qwen-4b:Q4_K_M"):
        assert CATALOGUE.find(name) is None


def test_every_name_and_alias_means_one_model() -> None:
    names = [*CATALOGUE.models]
    names += [alias for model in CATALOGUE.models.values() for alias in model.aliases]
    assert len(set(names)) == len(names)


def test_every_model_has_a_known_family_and_instruction() -> None:
    for model in CATALOGUE.models.values():
        assert model.family in CATALOGUE.families
        assert model.instruction in CATALOGUE.instructions


def test_every_wrapper_is_made_of_the_control_tokens_it_names() -> None:
    for family in CATALOGUE.families.values():
        assert family.marker in family.control
        for token in family.control:
            assert token in family.before + family.after


@pytest.mark.parametrize(
    "text",
    [
        "[families",
        "models = 3",
        "models = 3\nfamilies = 4\ninstructions = 5\nverdicts = 6",
        "[models]\nqwen-sea-guard-4b = 3",
        "[models.qwen-sea-guard-4b]\nfamily = 3",
        '[models.qwen-sea-guard-4b]\nfamily = "mistral"',
        '[models.qwen-sea-guard-4b]\ninstruction = "none such"',
        '[models.qwen-sea-guard-4b]\naliases = "qwen"',
        "[families.qwen]\ncontrol = 7",
        "[verdicts]\nsafe = 'safe'",
        "[[verdicts]]\nsafe = 'safe'",
    ],
)
def test_a_file_that_is_no_catalogue_is_a_configuration_error(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as raised:
        load_catalogue(path)
    assert raised.value.facts["path"] == str(path)
    assert raised.value.facts["problem"]


def test_a_file_that_is_not_utf8_is_a_configuration_error(tmp_path: Path) -> None:
    path = tmp_path / "models.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError):
        load_catalogue(path)
