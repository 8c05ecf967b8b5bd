"""The table of scores: what it remembers, for how long, and in how much memory."""

from __future__ import annotations

import random
import tracemalloc
from collections import OrderedDict
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaguard_cli.score_table import ScoreTable
from seaguard_cli.verdict import Score


def key(number: int) -> bytes:
    return blake2b(b"%d" % number, digest_size=16).digest()


def test_a_score_comes_back_to_the_bit() -> None:
    table = ScoreTable(10)
    score = Score(0.1 + 0.2, 1 / 3, exact=True)
    table.put(key(1), score)
    table.put(key(2), Score(0.0, 1.0, exact=False))
    assert table.get(key(1)) == score
    assert table.get(key(2)) == Score(0.0, 1.0, exact=False)
    assert table.get(key(3)) is None


def test_keys_that_differ_in_their_second_half_alone_are_different() -> None:
    table = ScoreTable(10)
    table.put(bytes(8) + b"a" * 8, Score(0.1, 1.0, exact=True))
    table.put(bytes(8) + b"b" * 8, Score(0.2, 1.0, exact=True))
    found = [table.get(bytes(8) + half * 8) for half in (b"a", b"b", b"c")]
    assert [one and one.unsafe for one in found] == [0.1, 0.2, None]


def test_a_key_of_nothing_but_zeros_is_not_there_before_it_is_put() -> None:
    table = ScoreTable(10)
    assert table.get(bytes(16)) is None
    table.put(bytes(16), Score(0.5, 1.0, exact=True))
    assert table.get(bytes(16)) is not None


@given(st.lists(st.integers(0, 300), max_size=1000), st.sampled_from([1, 7, 64, 200]))
def test_it_remembers_the_keys_lately_used(numbers: list[int], size: int) -> None:
    """Beside an ordinary dict: never a wrong score, and nothing forgotten within reach."""
    table, known = ScoreTable(size), OrderedDict[int, Score]()
    for number in numbers:
        found = table.get(key(number))
        expected = known.get(number)
        assert found in (expected, None)
        if size >= 64:
            assert found == expected
        if found is None:
            known[number] = Score(number / 7, 1.0, exact=number % 2 == 0)
            table.put(key(number), known[number])
        known.move_to_end(number)
        while len(known) > size:
            known.popitem(last=False)


def test_the_last_hundred_thousand_are_all_remembered() -> None:
    table = ScoreTable(100_000)
    for number in range(250_000):
        table.put(key(number), Score(number / 250_000, 1.0, exact=True))
    lost = sum(table.get(key(number)) is None for number in range(150_000, 250_000))
    assert lost == 0
    rng = random.Random(1)
    assert all(table.get(key(rng.randrange(50_000))) is None for _ in range(1000))


def test_memory_is_reserved_once() -> None:
    table = ScoreTable(10_000)
    tracemalloc.start()
    for number in range(30_000):
        table.put(key(number), Score(0.5, 1.0, exact=True))
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown == pytest.approx(0, abs=10_000)
