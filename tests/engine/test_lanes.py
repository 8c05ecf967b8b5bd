"""Where items lie in the cache so that each adds up as it does alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seaguard_cli.engine.lanes import Lanes

REGISTER = 16
TOKENS = st.lists(st.integers(16, 300), min_size=1, max_size=7)


def planned(head: int, tokens: list[int]) -> Lanes:
    return Lanes(head, tokens)


@given(head=st.integers(1, 200), tokens=TOKENS)
def test_every_token_has_the_lane_that_it_has_alone(head: int, tokens: list[int]) -> None:
    lanes = planned(head, tokens)
    for (first, last), count in zip(lanes.spans, tokens, strict=True):
        assert last - first == count
        assert first % REGISTER == head % REGISTER


@given(head=st.integers(1, 200), tokens=TOKENS)
def test_every_register_holds_one_item_and_what_it_holds_of_the_head_alone(
    head: int, tokens: list[int]
) -> None:
    lanes = planned(head, tokens)
    owners: dict[int, int] = dict.fromkeys(range(-(-head // REGISTER)), -1)
    for number, (begin, (first, last)) in enumerate(zip(lanes.begins, lanes.spans, strict=True)):
        assert first - begin == lanes.copied == head % REGISTER
        for register in range(begin // REGISTER, -(-last // REGISTER)):
            assert owners.setdefault(register, number) == number
    assert lanes.end == (max(owners) + 1) * REGISTER


@given(head=st.integers(1, 200), tokens=TOKENS)
def test_no_more_lies_between_items_than_registers_need(head: int, tokens: list[int]) -> None:
    wasted = planned(head, tokens).end - head - sum(tokens)
    assert wasted <= (REGISTER - 1) * (2 * len(tokens) + 1)
