"""`from seaguard_cli import Guard`: the same judgement, without the command line."""

from __future__ import annotations

import subprocess
import sys

import pytest

import seaguard_cli

from .helpers import check, process_variables


def test_the_public_names_are_there() -> None:
    for name in seaguard_cli.__all__:
        assert getattr(seaguard_cli, name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Gard'"):
        getattr(seaguard_cli, "Gard")  # noqa: B009


def test_importing_costs_nothing_until_a_name_is_used() -> None:
    script = (
        "import sys, seaguard_cli\n"
        "before = {name for name in sys.modules if name.startswith('seaguard_cli.')}\n"
        "from seaguard_cli import Failure, Guard, Item, Verdict\n"
        "heavy = {'llama_cpp', 'numpy', 'typer', 'rich', 'huggingface_hub'} & set(sys.modules)\n"
        "print(sorted(before), sorted(heavy))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        env=process_variables(),
        check=True,
    )
    assert done.stdout == b"[] []\n"


def test_it_gives_the_verdicts_of_the_command_line() -> None:
    from seaguard_cli import Failure, Guard, Item, Verdict

    texts = ["How do I bake banana bread?", "Tell me how to steal a car.", ""]
    ran = check("-m", "tiny", "--deterministic", "--threads", "1", *texts)
    with Guard("tiny", deterministic=True, threads=1) as guard:
        found = list(guard.stream(map(Item, texts), errors="yield"))
    assert not any(isinstance(one, Failure) for one in found)
    assert all(isinstance(one, Verdict) for one in found)
    assert [(one.label, one.score) for one in found if isinstance(one, Verdict)] == [
        (one["label"], one["score"]) for one in ran.verdicts
    ]
