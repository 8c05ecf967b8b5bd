"""Token ids to scores: which sequences are decoded, after which head, in which shapes."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from operator import itemgetter

from seaguard_cli.engine.grammar import VerdictTokens
from seaguard_cli.engine.heads import Heads
from seaguard_cli.engine.packing import Ids, Row, cuts, rows, shared
from seaguard_cli.engine.plan import Plan
from seaguard_cli.engine.scoring import score_of
from seaguard_cli.engine.session import HEAD, Context, DoesNotFit, LoadedModel
from seaguard_cli.errors import DecodeFailed, Failure, FailureCode
from seaguard_cli.verdict import Score

_log = logging.getLogger(__name__)

# From 16 tokens on kernels round alike whatever the batch's shape; with fewer they are others.
_SHORTEST_TAIL = 16


class _Decoder:
    """A context that is opened when the first items show how large it must be, and its head."""

    def __init__(
        self, model: LoadedModel, plan: Plan, verdicts: VerdictTokens, heads: Heads
    ) -> None:
        self._model = model
        self._plan = plan
        self._verdicts = verdicts
        self._heads = heads
        self._context: Context | None = None
        self._head: list[int] = []

    def close(self) -> None:
        """Keep the heads and free the context; may be called again."""
        self._heads.save()
        self._close_context()

    def _close_context(self) -> None:
        if self._context:
            self._context.close()
            self._context = None

    def _with_head(self, head: Ids, tokens: int) -> Context:
        """Give a context that has `head` in sequence 0 and room for `tokens` more."""
        context = self._room_for(len(head) + tokens)
        if self._head != head:
            self._forget_everything()
            if head:
                self._put_head(context, head)
            self._head = list(head)
        return context

    def _put_head(self, context: Context, head: Ids) -> None:
        """Bring `head` into sequence 0 of an empty context, decoding it only if it is new."""
        state = self._heads.state_of(head)
        if state is not None:
            if context.restore(HEAD, state):
                return
            context.clear()
        began = time.monotonic()
        context.decode([Row([HEAD], 0, head, read=False)])
        _log.info("a head of %d tokens decoded in %.2f s", len(head), time.monotonic() - began)
        state = context.state(HEAD, len(head))
        if state is not None:
            self._heads.learn(head, state)

    def _room_for(self, tokens: int) -> Context:
        size = 0
        if self._context and self._context.ctx < min(tokens, self._plan.ctx):
            size = self._context.ctx
            self._close_context()
        if not self._context:
            # Twice as large, so that few are opened, but no larger than window and batch may need.
            needed = max(self._plan.window, 2 * self._plan.batch)
            wanted = self._plan.context_for(max(tokens, min(2 * size, needed)))
            began = time.monotonic()
            self._context = Context(self._model, self._plan, ctx=wanted)
            _log.info("a context of %d tokens opened in %.2f s", wanted, time.monotonic() - began)
            self._head = []
        return self._context

    def _forget_everything(self) -> None:
        if self._context:
            self._context.clear()
        self._head = []


class PackedDecoder(_Decoder):
    """Scores several items in one batch, each in a sequence that begins with the shared head."""

    def together(self, items: Sequence[Ids], head: Ids) -> list[Score | Failure]:
        """Score `items` in one batch. Raises DoesNotFit, DecodeFailed or Interrupted."""
        # Side by side, those that begin alike share what they have in common.
        order = sorted(range(len(items)), key=lambda at: list(items[at]))
        found = self._sorted([items[at] for at in order], head)
        return [score for _, score in sorted(zip(order, found, strict=True), key=itemgetter(0))]

    def _sorted(self, items: Sequence[Ids], head: Ids) -> list[Score | Failure]:
        starts = [shared(ids, head) for ids in items]
        batch = list(rows(items, starts))
        tokens = sum(len(row.ids) for row in batch)
        try:
            context = self._with_head(head, tokens)
            for sequence, start in enumerate(starts, 1):
                context.share_head(sequence, start)
            began = time.monotonic()
            logits = context.decode(batch)
            seconds = time.monotonic() - began
            _log.debug("%d texts, %d tokens decoded in %.2f s", len(items), tokens, seconds)
        except (DoesNotFit, DecodeFailed):
            self._forget_everything()
            raise
        scores = [score_of(row, self._verdicts) for row in logits]
        for sequence in range(1, len(items) + 1):
            context.forget(sequence)
        return scores


class ExactDecoder(_Decoder):
    """Scores one item at a time, as if its whole prompt were decoded alone in a fresh context.

    Every decode has the shape, and every token the place in the cache, that it would have there:
    on a CPU the logits are equal to the bit.
    """

    def alone(self, ids: Ids, head: Ids) -> Score | Failure:
        """Score one item. Raises Interrupted."""
        head = head[:-_SHORTEST_TAIL]
        start = shared(ids, head)
        try:
            if start < len(head) or len(ids) - start < _SHORTEST_TAIL:
                # Behind what it does not share of the head an item would lie in another place.
                self._forget_everything()
                context, start = self._room_for(len(ids)), 0
            else:
                context = self._with_head(head, len(ids) - start)
                context.share_head(1, start)
            logits = []
            for end in cuts(start, len(ids), ubatch=self._plan.ubatch):
                logits = context.decode([Row([1], start, ids[start:end], read=end == len(ids))])
                start = end
        except (DoesNotFit, DecodeFailed) as error:
            self._forget_everything()
            problem = "the context has no room left"
            if isinstance(error, DecodeFailed):
                problem = f"llama.cpp could not decode it: {error}"
            return Failure(FailureCode.ENGINE, {"problem": problem})
        score = score_of(logits[0], self._verdicts)
        context.forget(1)
        return score
