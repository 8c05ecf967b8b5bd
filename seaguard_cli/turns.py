"""Conversations turn by turn: the items of one record, and the one outcome they come to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from seaguard_cli.errors import Failure
from seaguard_cli.guard import Outcome
from seaguard_cli.records import Record
from seaguard_cli.verdict import Conversation, Item, TurnVerdict, worst


def items_of(record: Record) -> Iterable[Item | Failure]:
    """Give what is to be judged of a record: an item, one a turn, or why there is none."""
    if isinstance(record.item, Conversation):
        return [turn.item for turn in record.item.turns]
    found = record.item or record.failure
    assert found is not None
    return (found,)


def outcome_of(record: Record, first: Outcome, others: Iterator[Outcome]) -> Outcome:
    """Give a record's own outcome from those of its items; `others` are taken as they are needed.

    The worst turn decides. A turn that cannot be judged makes it a failure, which says which one.
    """
    if not isinstance(record.item, Conversation):
        return first
    turns = record.item.turns
    outcomes = [first, *islice(others, len(turns) - 1)]
    judged: list[TurnVerdict] = []
    failure: Failure | None = None
    for turn, outcome in zip(turns, outcomes, strict=True):
        if not isinstance(outcome, Failure):
            judged.append(TurnVerdict(turn.index, turn.role, outcome))
        elif failure is None:
            failure = Failure(outcome.code, {**outcome.facts, "turn": turn.index})
    if failure is not None:
        return failure
    verdicts = [one.verdict for one in judged]
    truncated = any(one.truncated for one in verdicts)
    return replace(verdicts[worst(verdicts)], truncated=truncated, turns=tuple(judged))
