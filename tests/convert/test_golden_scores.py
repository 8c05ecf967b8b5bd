"""A converted checkpoint says what transformers says in float32: see make_golden.py."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from convert.prompts import PROMPTS
from convert.recipes import GOLDEN, RECIPES, Recipe
from seaguard_cli.guard import Guard
from seaguard_cli.verdict import Item
from seaguard_cli.weights.convert import convert

_CLOSE = 1e-3


@pytest.fixture(scope="module", params=RECIPES.values(), ids=list(RECIPES))
def recipe(request: pytest.FixtureRequest) -> Recipe:
    return request.param


@pytest.fixture(scope="module")
def guard(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guard]:
    path = tmp_path_factory.mktemp("converted") / f"{recipe.name}.gguf"
    convert(recipe.folder, path, quants=["F32"])
    with Guard(str(path), deterministic=True, threads=1) as opened:
        yield opened


def test_token_ids_are_those_of_the_tokenizer(recipe: Recipe, guard: Guard) -> None:
    golden = json.loads((GOLDEN / f"{recipe.family}.ids.json").read_text(encoding="utf-8"))

    shown = guard.show(Item(prompt) for prompt in PROMPTS)

    assert [[one for segment in segments for one in segment.ids] for segments in shown] == golden


def test_scores_are_those_of_transformers(recipe: Recipe, guard: Guard) -> None:
    golden = golden_scores(recipe)
    assert min(golden) < 0.2
    assert max(golden) > 0.8

    assert scores(guard) == pytest.approx(golden, abs=_CLOSE, rel=0)


_Values = dict[str, Any]


def _no_scaling(text: _Values) -> None:
    del text["rope_scaling"]


def _other_base(text: _Values) -> None:
    text["rope_parameters"]["rope_theta"] /= 2


def _other_local_base(text: _Values) -> None:
    text["rope_parameters"]["sliding_attention"]["rope_theta"] *= 2


def _no_window(text: _Values) -> None:
    text["sliding_window"] = 4096


def _no_softcap(text: _Values) -> None:
    del text["final_logit_softcapping"]


def _other_epsilon(text: _Values) -> None:
    text["rms_norm_eps"] = 0.1


@pytest.mark.parametrize(
    ("name", "forget"),
    [
        ("llama-4", _no_scaling),
        ("llama-5", _other_base),
        ("qwen-5", _other_base),
        ("gemma-4", _no_scaling),
        ("gemma-4", _no_window),
        ("gemma-5", _other_local_base),
        ("gemma-text-5", _no_softcap),
        ("qwen-4", _other_epsilon),
    ],
)
def test_the_prompts_would_show_a_setting_that_is_lost(
    name: str, forget: Callable[[_Values], None], tmp_path: Path
) -> None:
    folder = tmp_path / name
    shutil.copytree(RECIPES[name].folder, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    forget(config.get("text_config", config))
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    convert(folder, tmp_path / "wrong.gguf", quants=["F32"])

    with Guard(str(tmp_path / "wrong.gguf"), deterministic=True, threads=1) as wrong:
        found = scores(wrong)

    golden = golden_scores(RECIPES[name])
    assert max(abs(one - other) for one, other in zip(found, golden, strict=True)) > 3 * _CLOSE


def scores(guard: Guard) -> list[float | None]:
    return [guard.check(prompt).score for prompt in PROMPTS]


def golden_scores(recipe: Recipe) -> list[float]:
    table = json.loads((GOLDEN / f"{recipe.name}.scores.json").read_text(encoding="utf-8"))
    return table["scores"]
