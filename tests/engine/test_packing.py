"""How items share a batch: arithmetic on token ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaguard_cli.engine.packing import Batch, LoneBatch, common_prefix, cuts, rows, shared

IDS = st.lists(st.integers(0, 3), max_size=12)


@pytest.mark.parametrize(
    ("one", "other", "length"),
    [([], [], 0), ([1], [], 0), ([1, 2], [1, 2, 3], 2), ([1, 2, 3], [1, 9, 3], 1), ([1], [2], 0)],
)
def test_the_common_prefix_is_counted(one: list[int], other: list[int], length: int) -> None:
    assert common_prefix(one, other) == common_prefix(other, one) == length


@given(one=IDS, other=IDS)
def test_a_common_prefix_is_common_and_the_longest(one: list[int], other: list[int]) -> None:
    length = common_prefix(one, other)
    assert one[:length] == other[:length]
    assert length == min(len(one), len(other)) or one[length] != other[length]


def test_an_item_always_decodes_its_own_last_token() -> None:
    assert shared([1, 2, 3], [1, 2, 3]) == 2
    assert shared([1, 2], [1, 2, 3]) == 1
    assert shared([1], [1, 2]) == 0


def test_an_item_shares_only_what_its_own_tokens_equal() -> None:
    assert shared([1, 2, 9, 4], [1, 2, 3]) == 2
    assert shared([9], [1]) == 0


@pytest.mark.parametrize(
    ("start", "end", "ends"),
    [
        (0, 5, [5]),
        (0, 512, [512]),
        (0, 513, [512, 513]),
        (60, 512, [512]),
        (60, 513, [512, 513]),
        (60, 1024, [512, 1024]),
        (60, 1025, [512, 1024, 1025]),
        (512, 600, [600]),
        (511, 513, [512, 513]),
        (600, 700, [700]),
        (600, 1100, [1024, 1100]),
    ],
)
def test_a_lone_item_is_cut_where_the_whole_prompts_micro_batches_end(
    start: int, end: int, ends: list[int]
) -> None:
    assert cuts(start, end, ubatch=512) == ends


@given(start=st.integers(0, 300), length=st.integers(1, 300), ubatch=st.integers(1, 64))
def test_the_cuts_cover_everything_once_and_cross_no_border(
    start: int, length: int, ubatch: int
) -> None:
    ends = cuts(start, start + length, ubatch=ubatch)
    assert ends[-1] == start + length
    begins = [start, *ends[:-1]]
    for begin, end in zip(begins, ends, strict=True):
        assert begin < end
        assert begin // ubatch == (end - 1) // ubatch


def test_a_batch_takes_items_until_the_context_is_full() -> None:
    batch = Batch([1, 2, 3], tokens=100, ctx=10, sequences=100)
    for taken in range(4):
        assert batch.tokens == 2 * taken
        if taken < 3:
            assert batch.fits([1, 2, 3, taken, 9])
            batch.add([1, 2, 3, taken, 9])
        else:
            assert not batch.fits([1, 2, 3, 8, 9])
            assert batch.fits([1, 2, 3, 8])


def test_a_batch_counts_once_what_neighbours_have_in_common() -> None:
    batch = Batch([1, 2, 3], tokens=100, ctx=10, sequences=100)
    for taken in range(4):
        assert batch.tokens == 3 * bool(taken) + max(0, taken - 1)
        batch.add([1, 2, 3, 7, 8, taken])
    assert batch.fits([1, 2, 3, 7, 8, 9])
    assert not batch.fits([1, 2, 3, 8, 9])


def test_a_batch_takes_no_more_items_than_sequences() -> None:
    batch = Batch([], tokens=100, ctx=1000, sequences=2)
    for _ in range(2):
        assert batch.fits([1])
        batch.add([1])
    assert not batch.fits([1])


def test_an_empty_batch_takes_any_item() -> None:
    assert Batch([1, 2, 3], tokens=4, ctx=4, sequences=1).fits([9] * 100)


@given(head=IDS, items=st.lists(IDS.filter(bool), max_size=8), ctx=st.integers(1, 40))
def test_the_tokens_of_a_batch_are_what_each_item_adds_to_the_head(
    head: list[int], items: list[list[int]], ctx: int
) -> None:
    batch = Batch(head, tokens=30, ctx=ctx, sequences=5)
    for ids in items:
        if batch.fits(ids):
            batch.add(ids)
    alone = sum(len(ids) - shared(ids, head) for ids in batch.items)
    together = sorted(batch.items)
    decoded = sum(len(row.ids) for row in rows(together, [shared(ids, head) for ids in together]))
    assert decoded <= batch.tokens <= alone
    assert len(batch.items) <= 5
    assert len(head) + batch.tokens <= ctx or len(batch.items) <= 1
    assert batch.tokens <= 30 or len(batch.items) <= 1


def test_a_batch_takes_over_what_the_one_before_it_ended_with() -> None:
    prompt = [1, 2, 3, 4, 5, 6]
    first, second = (Batch([1, 2], tokens=8, ctx=100, sequences=100) for _ in range(2))
    for answer in (7, 8, 9, 10):
        first.add([*prompt, answer])
    assert not first.fits([*prompt, 11, 12])
    second.follow(first, [*prompt, 11, 12])
    assert first.leaves == 6
    assert second.carried == prompt
    second.add([*prompt, 11, 12])
    assert second.tokens == 2
    second.add([1, 2, 9])
    assert second.tokens == 3


@pytest.mark.parametrize("ids", [[1, 2, 9, 9], [1, 7, 7], [*range(1, 12), 0]])
def test_a_batch_takes_nothing_over_that_is_no_more_than_the_head_or_too_long(
    ids: list[int],
) -> None:
    first, second = (Batch([1, 2], tokens=8, ctx=100, sequences=100) for _ in range(2))
    for answer in (98, 99):
        first.add([*range(1, 12), answer])
    second.follow(first, ids)
    assert first.leaves == 0
    assert not second.carried


def test_a_batch_with_another_head_takes_nothing_over() -> None:
    first = Batch([1, 2], tokens=8, ctx=100, sequences=100)
    second = Batch([1], tokens=8, ctx=100, sequences=100)
    for answer in (5, 6):
        first.add([1, 2, 3, 4, answer])
    second.follow(first, [1, 2, 3, 4, 7])
    assert first.leaves == 0
    assert not second.carried


def test_nothing_is_taken_over_from_a_batch_of_one_item() -> None:
    first, second = (Batch([1, 2], tokens=8, ctx=100, sequences=100) for _ in range(2))
    first.add([1, 2, 3, 4, 5])
    second.follow(first, [1, 2, 3, 4, 6])
    assert first.leaves == 0
    assert not second.carried


def test_what_is_taken_over_counts_towards_the_context() -> None:
    first, second = (Batch([1, 2], tokens=8, ctx=10, sequences=100) for _ in range(2))
    for answer in (5, 7):
        first.add([1, 2, 3, 4, answer])
    second.follow(first, [1, 2, 3, 4, 6])
    second.add([1, 2, 3, 4, 6])
    assert second.fits([1, 2, 7, 8])
    assert not second.fits([1, 2, 7, 8, 9, 10])


def test_lone_items_share_a_batch_up_to_their_number_and_tokens() -> None:
    head = list(range(20))
    batch = LoneBatch(head, tokens=10, items=3)
    assert batch.fits([*head, *range(100)])
    for taken in range(2):
        batch.add([*head, taken, 1, 2, 3])
    assert batch.fits([*head, 9, 9])
    assert not batch.fits([*head, 9, 9, 9])
    batch.add([*head, 9])
    assert not batch.fits([*head, 8])


def test_lone_items_that_leave_the_head_share_no_batch() -> None:
    batch = LoneBatch([1, 2, 3], tokens=100, items=3)
    assert batch.fits([1, 9])
    batch.add([1, 2, 3, 4])
    assert batch.fits([1, 2, 3, 5])
    assert not batch.fits([1, 2, 9, 5])
    assert not batch.fits([1, 2, 3])


@given(head=IDS, items=st.lists(IDS.filter(bool), max_size=10))
def test_every_item_gets_its_tokens_in_order_and_none_is_decoded_twice(
    head: list[int], items: list[list[int]]
) -> None:
    items = sorted(items)
    starts = [shared(ids, head) for ids in items]
    got = [ids[:start] for ids, start in zip(items, starts, strict=True)]
    reads = []
    for row in rows(items, starts):
        assert len(row.ids) > 0
        beginnings = {(*got[one - 1], len(got[one - 1])) for one in row.sequences}
        assert len(beginnings) == 1, "the sequences of a row are equal up to it"
        for one in row.sequences:
            assert len(got[one - 1]) == row.first
            got[one - 1] = [*got[one - 1], *row.ids]
        if row.read:
            reads.append(row.sequences[0] - 1)
            assert got[row.sequences[0] - 1] == items[row.sequences[0] - 1]
    assert got == items
    assert reads == list(range(len(items)))


@given(items=st.lists(IDS.filter(bool), min_size=1, max_size=10, unique_by=tuple))
def test_what_items_have_in_common_is_decoded_once(items: list[list[int]]) -> None:
    # Each item's last token is its own, since the logits behind it are.
    beginnings = {tuple(ids[:end]) for ids in items for end in range(1, len(ids) + 1)}
    found = list(rows(sorted(items), [0] * len(items)))
    assert sum(len(row.ids) for row in found) == len(beginnings)


def test_sequences_narrow_as_items_part() -> None:
    found = list(rows([[1, 2, 3, 4], [1, 2, 3, 5, 6], [1, 2, 7]], [1, 1, 1]))
    assert [(list(row.sequences), row.first, list(row.ids), row.read) for row in found] == [
        ([1, 2, 3], 1, [2], False),
        ([1, 2], 2, [3], False),
        ([1], 3, [4], True),
        ([2], 3, [5, 6], True),
        ([3], 2, [7], True),
    ]


def test_items_that_took_different_parts_of_the_head_share_nothing() -> None:
    found = list(rows([[1, 2, 3], [1, 2, 4]], [1, 2]))
    assert [list(row.sequences) for row in found] == [[1], [2]]
