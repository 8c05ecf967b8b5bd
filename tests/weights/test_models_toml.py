from __future__ import annotations

import re
from pathlib import Path

import pytest
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seaguard_cli.errors import ConfigError
from seaguard_cli.weights import load_catalogue
from seaguard_cli.weights.schema import CATALOGUE, is_repo, problems

SHA = "0123456789abcdef" * 4


def own(folder: Path, text: str) -> Path:
    path = folder / "models.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problem(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as raised:
        load_catalogue(own(folder, text))
    assert raised.value.facts["path"] == str(folder / "models.toml")
    return str(raised.value.facts["problem"])


def test_the_four_models_and_tiny_are_known_by_name_and_alias() -> None:
    catalogue = load_catalogue()
    aliases = {"tiny", "qwen-4b", "qwen-8b", "llama-8b", "gemma-12b"}
    assert len(catalogue.models) == 5
    for alias in aliases:
        model = catalogue.find(alias)
        assert model is not None
        assert set(model.languages) == {"my", "en", "id", "ms", "tl", "ta", "th", "vi"}
        assert model.licence
        if alias != "tiny":
            assert [repo.rpartition("-")[2] for repo in model.official] == ["040226", "2602"]
            assert model.licence_link
            assert model.trained_context == 8192


def test_an_unknown_name_is_not_found() -> None:
    assert load_catalogue().find("gpt") is None


def test_gemma_has_a_known_source_that_is_not_pinned() -> None:
    gemma = load_catalogue().models["gemma-sea-guard-12b"]
    (source,) = gemma.sources
    assert source.repo == "mradermacher/Gemma-SEA-Guard-12B-2602-GGUF"
    assert source.name_of("Q4_K_M") == "Gemma-SEA-Guard-12B-2602.Q4_K_M.gguf"
    assert not source.pinned("Q4_K_M")


def test_a_person_overrides_one_key_of_a_model_and_keeps_the_others(tmp_path: Path) -> None:
    catalogue = load_catalogue(own(tmp_path, '[models.qwen-sea-guard-4b]\nsummary = "mine"\n'))
    model = catalogue.models["qwen-sea-guard-4b"]
    assert model.summary == "mine"
    assert model.aliases == ("qwen-4b",)
    assert model.shape is not None


def test_a_person_pins_a_source(tmp_path: Path) -> None:
    text = (
        "[[models.qwen-sea-guard-4b.sources]]\n"
        'repo = "someone/Q-GGUF"\nfile = "Q-{quant}.gguf"\nrevision = "abc"\n'
        f'sha256 = {{ Q4_K_M = "{SHA}", Q8_0 = ["{SHA}", "{SHA}"] }}\n'
    )
    (source,) = load_catalogue(own(tmp_path, text)).models["qwen-sea-guard-4b"].sources
    assert source.pinned("Q4_K_M")
    assert source.sha256["Q8_0"] == (SHA, SHA)
    assert not source.pinned("Q6_K")


def test_a_person_adds_a_model_that_is_a_file(tmp_path: Path) -> None:
    text = '[models.mine]\naliases = ["m"]\npath = "/some/file.gguf"\n'
    model = load_catalogue(own(tmp_path, text)).find("m")
    assert model is not None
    assert model.path == Path("/some/file.gguf")
    assert model.family is None


def test_a_person_corrects_a_wrapper_of_a_family(tmp_path: Path) -> None:
    after = "<|eot_id|><|start_header_id|>model<|end_header_id|>\\n\\n"
    catalogue = load_catalogue(own(tmp_path, f'[families.llama]\nafter = "{after}"\n'))
    assert "model" in catalogue.families["llama"].after
    assert catalogue.families["llama"].marker == "<|start_header_id|>"


BROKEN = {
    "syntax": ("[models\n", "line 1"),
    "unknown key": (
        '[models.qwen-sea-guard-4b]\nsummary = "x"\nlicense = "MIT"\n',
        "line 3: models.qwen-sea-guard-4b.license is no key here",
    ),
    "unknown table": ("[model.x]\n", "line 1: model is no key here"),
    "wrong type": (
        "# mine\n[models.qwen-sea-guard-4b.shape]\nlayers = '36'\n",
        "line 3: models.qwen-sea-guard-4b.shape.layers is not a whole number above 0",
    ),
    "a number for a flag": (
        "[models.tiny]\ndemonstration = 1\n",
        "line 2: models.tiny.demonstration is not true or false",
    ),
    "not a table": ("models = 3\n", "line 1: models is not a table"),
    "missing key": (
        '[models.mine]\nsources = [{ repo = "a/b", file = "c.gguf" }]\n',
        "line 1: models.mine.family is missing",
    ),
    "nowhere to get it from": (
        '[models.mine]\nfamily = "qwen"\nlicence = "MIT"\n',
        "line 1: models.mine.sources is missing",
    ),
    "missing key of a source": (
        '[[models.tiny.sources]]\nrepo = "a/b"\nfile = "x"\n'
        '[[models.tiny.sources]]\nrepo = "a/b"\n',
        "line 4: models.tiny.sources.1.file is missing",
    ),
    "no repo": (
        '[[models.tiny.sources]]\nrepo = "a"\nfile = "b"\n',
        "line 2: .* is not OWNER/NAME",
    ),
    "no hash": (
        '[[models.tiny.sources]]\nrepo = "a/b"\nfile = "c"\nsha256 = { Q4_K_M = "abc" }\n',
        "line 4: models.tiny.sources.0.sha256.Q4_K_M is not a SHA-256",
    ),
    "alias used twice": (
        '[models.mine]\npath = "x"\naliases = ["qwen-4b"]\n',
        "line 3: models.mine.aliases has 'qwen-4b', which is qwen-sea-guard-4b already",
    ),
    "alias that is a name": (
        '[models.mine]\npath = "x"\naliases = ["tiny"]\n',
        "line 3: models.mine.aliases has 'tiny', which is tiny already",
    ),
    "family that does not exist": (
        '[models.mine]\npath = "x"\nfamily = "phi"\n',
        "line 3: models.mine.family is 'phi', and there is no such family: qwen, gemma, llama",
    ),
    "name with a slash": ('[models."a/b"]\npath = "x"\n', "line 1: models.a/b is no name"),
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_a_broken_file_is_an_error_with_line_and_key(name: str, tmp_path: Path) -> None:
    text, expected = BROKEN[name]
    assert re.search(expected, problem(tmp_path, text))


def test_a_file_that_is_not_utf8_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "models.toml"
    path.write_bytes(b'[models.tiny]\nsummary = "\xff"\n')
    with pytest.raises(ConfigError):
        load_catalogue(path)


def test_the_schema_asks_for_every_top_level_table() -> None:
    missing = [one.keys[0] for one in problems({}, CATALOGUE, complete=True)]
    assert missing == ["models", "families", "instructions", "verdicts"]


# The autouse home is made once for all examples, which use nothing of it.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(alphabet="aZ0_.-/gité\n ", max_size=12)
    | st.text(alphabet="ab/", min_size=90, max_size=110)
)
def test_names_of_repos_are_those_that_the_hubs_client_takes(name: str) -> None:
    try:
        validate_repo_id(name)
        takes = "/" in name
    except HFValidationError:
        takes = False
    assert is_repo(name) == takes
