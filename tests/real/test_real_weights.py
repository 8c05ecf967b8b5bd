"""Real weights, real sentences, the whole command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from families.reference import Reference
from families.texts import sentences

from seaguard_cli import Guard, Item

_WORDS = (" safe", " unsafe")
_COUNT = 64


def plain_texts(count: int) -> list[str]:
    """So many different sentences, from all eight languages."""
    known = sorted(set(sentences()))
    return known[:: len(known) // count][:count]


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sentences in eight languages, nested as in a benchmark, each line spelled its own way."""
    path = tmp_path_factory.mktemp("posts") / "posts.jsonl"
    lines = [
        json.dumps(
            {"n": 2**70 + number, "prompts": [{"local_prompt": text}], "f": 1e5},
            ensure_ascii=number % 2 == 0,
            separators=((",", ":"), (" , ", " : "))[number % 3 == 0],
        )
        for number, text in enumerate(plain_texts(_COUNT))
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_every_record_comes_back_in_order_with_its_own_bytes_and_a_score_of_its_own(
    smollm2: Path, posts: Path
) -> None:
    command = [sys.executable, "-m", "seaguard_cli", "check", "-m", str(smollm2)]
    done = subprocess.run(
        [*command, "-f", str(posts), "--field", "prompts.0.local_prompt"],
        capture_output=True,
        check=True,
    )
    before, after = posts.read_bytes().splitlines(), done.stdout.splitlines()
    assert len(after) == len(before) == _COUNT
    scores = set()
    for line, judged in zip(before, after, strict=True):
        own, _, added = judged.rpartition(b', "seaguard": ')
        assert own + b"}" == line
        verdict = json.loads(added[:-1])
        assert (verdict["score"] >= 0.5) == (verdict["label"] == "unsafe")
        scores.add(verdict["score"])
    assert len(scores) == _COUNT
    assert b"' safe' and ' unsafe'" in done.stderr


def test_deterministic_scores_are_those_of_a_plain_decode_of_the_whole_prompt(
    smollm2: Path,
) -> None:
    texts = [*plain_texts(24), "a long text. " * 90]
    with Guard(str(smollm2), deterministic=True, threads=1) as guard:
        scores = [verdict.score for verdict in guard.stream(Item(text) for text in texts)]
    with Reference(smollm2, "qwen", threads=1, words=_WORDS) as reference:
        expected = [reference.judged(text) for text in texts]
    assert scores == pytest.approx(expected, abs=1e-6, rel=0)


def test_default_labels_are_the_deterministic_ones(smollm2: Path) -> None:
    texts = plain_texts(48)
    with Guard(str(smollm2), threshold=0.15) as guard:
        packed = [verdict.label for verdict in guard.stream(Item(text) for text in texts)]
    with Guard(str(smollm2), threshold=0.15, deterministic=True) as guard:
        alone = [verdict.label for verdict in guard.stream(Item(text) for text in texts)]
    assert packed == alone
    assert set(alone) == {"safe", "unsafe"}
