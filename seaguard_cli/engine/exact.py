"""Token ids to scores, each as if its whole prompt were decoded alone in a fresh context."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from seaguard_cli.engine.decoder import Decoder
from seaguard_cli.engine.grammar import VerdictTokens
from seaguard_cli.engine.heads import Heads
from seaguard_cli.engine.lanes import LANE_SEQUENCES, MOST_TOGETHER, Lanes, laid_out
from seaguard_cli.engine.packing import Ids, Row, cuts, shared
from seaguard_cli.engine.plan import Plan
from seaguard_cli.engine.scoring import score_of
from seaguard_cli.engine.session import HEAD, DoesNotFit, LoadedModel
from seaguard_cli.errors import DecodeFailed, Failure, FailureCode
from seaguard_cli.verdict import Score

_log = logging.getLogger(__name__)

# From 16 tokens on kernels round alike whatever the batch's shape; with fewer they are others.
_SHORTEST_TAIL = 16
_ITEM = 1
# Fewer lone texts are judged sooner one by one than tried both ways.
_WORTH_PROVING = 2 * MOST_TOGETHER


@dataclass(slots=True)
class _Proven:
    """How large a batch was seen to give the scores that its items have alone, and sooner.

    `alone` counts the items that were judged one by one: to find out pays from some on.
    """

    items: int = 0
    tokens: int = 0
    worth: bool = True
    alone: int = 0

    def covers(self, items: int, tokens: int) -> bool:
        """Tell whether a batch at least half as large was seen."""
        return items <= 2 * self.items and tokens <= 2 * self.tokens

    def learn(self, items: int, tokens: int, *, worth: bool) -> None:
        """Take what a batch has shown."""
        self.items, self.tokens = max(self.items, items), max(self.tokens, tokens)
        self.worth = worth


class ExactDecoder(Decoder):
    """Scores items as if the whole prompt of each were decoded alone in a fresh context.

    Every decode has the shape, and every token the place in the cache, that it would have there:
    on a CPU the logits are equal to the bit. Several items share a decode where that is proven to
    change nothing: a batch that is much larger than those before is judged one by one, too, and
    where a single bit differs, or nothing is gained, all are judged one by one from then on.
    """

    def __init__(
        self, model: LoadedModel, plan: Plan, verdicts: VerdictTokens, heads: Heads
    ) -> None:
        super().__init__(model, plan, verdicts, heads)
        self._proven = _Proven()

    def scores(self, items: Sequence[Ids], head: Ids) -> list[Score | Failure]:
        """Score items. Raises Interrupted."""
        may_share = [self._may_share(ids, head) for ids in items]
        sharing = [ids for ids, may in zip(items, may_share, strict=True) if may]
        if len(sharing) < 2 or not self._proven.worth or self._proven.alone < _WORTH_PROVING:
            self._proven.alone += len(items)
            return [self.alone(ids, head) for ids in items]
        if self._more_sequences < LANE_SEQUENCES:
            # Most processes never need them, and they take time and memory.
            self._more_sequences = LANE_SEQUENCES
            self.release()
        found = iter(self._equal(sharing, head))
        return [
            next(found) if may else self.alone(ids, head)
            for ids, may in zip(items, may_share, strict=True)
        ]

    def alone(self, ids: Ids, head: Ids) -> Score | Failure:
        """Score one item. Raises Interrupted."""
        if len(ids) - len(head) < _SHORTEST_TAIL:
            # Of a short item some of the head is decoded once more, to be long enough.
            head = head[:-_SHORTEST_TAIL]
        start = shared(ids, head)
        try:
            if start < len(head) or len(ids) - start < _SHORTEST_TAIL:
                # Behind what it does not share of the head an item would lie in another place.
                self._forget_everything()
                context, start = self._room_for(len(ids)), 0
            else:
                context = self._with_head(head, len(ids) - start)
                context.share(HEAD, _ITEM, start)
            logits = []
            for end in cuts(start, len(ids), ubatch=self._plan.ubatch):
                row = Row([_ITEM], start, ids[start:end], read=end == len(ids))
                logits = context.decode([row])
                start = end
        except (DoesNotFit, DecodeFailed) as error:
            self._forget_everything()
            problem = "the context has no room left"
            if isinstance(error, DecodeFailed):
                problem = f"llama.cpp could not decode it: {error}"
            return Failure(FailureCode.ENGINE, {"problem": problem})
        score = score_of(logits[0], self._verdicts)
        context.forget(_ITEM)
        return score

    def _may_share(self, ids: Ids, head: Ids) -> bool:
        """Tell whether an item alone is a single decode behind the whole head."""
        whole = 0 < len(head) == shared(ids, head)
        return whole and len(ids) - len(head) >= _SHORTEST_TAIL and len(ids) <= self._plan.ubatch

    def _equal(self, items: Sequence[Ids], head: Ids) -> Sequence[Score | Failure]:
        """Score items together if that is known to change nothing, else one by one, and see."""
        tokens = sum(len(ids) - len(head) for ids in items)
        known = self._proven.covers(len(items), tokens)
        if known:
            if together := self._together(items, head):
                return together
            # What has no room now has none later, and would be tried in vain each time.
            self._proven.worth = False
        began = time.monotonic()
        alone = [self.alone(ids, head) for ids in items]
        if not known:
            self._prove(items, head, alone, time.monotonic() - began)
        return alone

    def _prove(
        self, items: Sequence[Ids], head: Ids, alone: Sequence[Score | Failure], seconds: float
    ) -> None:
        """Judge items together that took `seconds` one by one, and learn what that is worth."""
        lanes = Lanes(len(head), [len(ids) - len(head) for ids in items])
        self._with_head(head, lanes.end)
        began = time.monotonic()
        together = self._together(items, head)
        took = time.monotonic() - began
        tokens = sum(len(ids) - len(head) for ids in items)
        self._proven.learn(len(items), tokens, worth=together == alone and took < seconds)
        same = "the same to the bit" if together == alone else "not the same"
        say = "%d lone texts, %d tokens, in one batch: %s, in %.3f s in place of %.3f s"
        _log.info(say, len(items), tokens, same, took, seconds)

    def _together(self, items: Sequence[Ids], head: Ids) -> list[Score | Failure]:
        """Score items in one batch, each in the lanes that it has alone; [] if they do not fit."""
        lanes = Lanes(len(head), [len(ids) - len(head) for ids in items])
        try:
            context = self._with_head(head, lanes.end)
            with laid_out(context, lanes, self._heads.state_of(head)) as sequences:
                logits = context.decode(
                    Row([sequence], len(head), ids[len(head) :], read=True)
                    for sequence, ids in zip(sequences, items, strict=True)
                )
                return [score_of(row, self._verdicts) for row in logits]
        except (DoesNotFit, DecodeFailed):
            self._forget_everything()
            return []
