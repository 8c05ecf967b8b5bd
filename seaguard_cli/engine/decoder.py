"""Token ids to scores: which sequences are decoded, after which head, in which shapes."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from operator import itemgetter

from seaguard_cli.engine.grammar import VerdictTokens
from seaguard_cli.engine.heads import Heads
from seaguard_cli.engine.packing import Ids, Row, rows, shared
from seaguard_cli.engine.plan import Plan
from seaguard_cli.engine.scoring import score_of
from seaguard_cli.engine.session import HEAD, Context, DoesNotFit, LoadedModel
from seaguard_cli.errors import DecodeFailed, Failure
from seaguard_cli.verdict import Score

_log = logging.getLogger(__name__)


class Decoder:
    """A context that is opened when the first items show how large it must be, and its head."""

    # Sequences beside those of the items and of the head.
    _more_sequences = 0

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
        self.release()

    @property
    def open_tokens(self) -> int:
        """Give how many tokens the open context holds, 0 when there is none."""
        return self._context.ctx if self._context else 0

    def release(self) -> None:
        """Free the context; the next item opens another."""
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
            self.release()
        if not self._context:
            # Twice as large, so that few are opened, but no larger than window and batch may need.
            needed = max(self._plan.window, 2 * self._plan.batch)
            wanted = self._plan.context_for(max(tokens, min(2 * size, needed)))
            began = time.monotonic()
            more = self._more_sequences
            self._context = Context(self._model, self._plan, ctx=wanted, more_sequences=more)
            _log.info("a context of %d tokens opened in %.2f s", wanted, time.monotonic() - began)
            self._forget_everything()
        return self._context

    def _forget_everything(self) -> None:
        if self._context:
            self._context.clear()
        self._head = []


class PackedDecoder(Decoder):
    """Scores several items in one batch, each in a sequence that begins with the shared head.

    Between batches one sequence more holds what the last item left for those that begin like it.
    """

    _more_sequences = 1
    _carried: Ids = ()

    def together(
        self, items: Sequence[Ids], head: Ids, *, leaves: int = 0
    ) -> list[Score | Failure]:
        """Score `items` in one batch, and leave so many tokens of the last for the next batch.

        Raises DoesNotFit, DecodeFailed or Interrupted.
        """
        # Side by side, those that begin alike share what they have in common.
        order = sorted(range(len(items)), key=lambda at: list(items[at]))
        try:
            context, batch = self._ready([items[at] for at in order], head)
            began = time.monotonic()
            logits = context.decode(batch)
            seconds = time.monotonic() - began
        except (DoesNotFit, DecodeFailed):
            self._forget_everything()
            raise
        tokens = sum(len(row.ids) for row in batch)
        _log.debug("%d texts, %d tokens decoded in %.2f s", len(items), tokens, seconds)
        found = [score_of(row, self._verdicts) for row in logits]
        self._leave(context, order.index(len(items) - 1) + 1, items[-1][:leaves])
        for sequence in range(1, len(items) + 1):
            context.forget(sequence)
        return [score for _, score in sorted(zip(order, found, strict=True), key=itemgetter(0))]

    def _ready(self, items: Sequence[Ids], head: Ids) -> tuple[Context, list[Row]]:
        """Give a context with what is known of the sorted items, and the rows that are not."""
        carried = self._carried
        from_head = [shared(ids, head) for ids in items]
        starts = [
            max(shared(ids, carried), start) for ids, start in zip(items, from_head, strict=True)
        ]
        batch = list(rows(items, starts))
        context = self._with_head(head, len(carried) + sum(len(row.ids) for row in batch))
        if self._carried is not carried:
            # A context that had to be opened has nothing in it.
            return self._ready(items, head)
        for sequence, (start, least) in enumerate(zip(starts, from_head, strict=True), 1):
            context.share(self._left if start > least else HEAD, sequence, start)
        return context, batch

    def _leave(self, context: Context, sequence: int, ids: Ids) -> None:
        context.forget(self._left)
        context.share(sequence, self._left, len(ids))
        self._carried = tuple(ids)

    @property
    def _left(self) -> int:
        """Give the sequence of what the batch before has left."""
        return self._plan.sequences + 1

    def _forget_everything(self) -> None:
        super()._forget_everything()
        self._carried = ()
