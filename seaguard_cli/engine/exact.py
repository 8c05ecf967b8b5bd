"""Token ids to a score, as if the whole prompt were decoded alone in a fresh context."""

from __future__ import annotations

from seaguard_cli.engine.decoder import Decoder
from seaguard_cli.engine.packing import Ids, Row, cuts, shared
from seaguard_cli.engine.scoring import score_of
from seaguard_cli.engine.session import HEAD, DoesNotFit
from seaguard_cli.errors import DecodeFailed, Failure, FailureCode
from seaguard_cli.verdict import Score

# From 16 tokens on kernels round alike whatever the batch's shape; with fewer they are others.
_SHORTEST_TAIL = 16
_ITEM = 1


class ExactDecoder(Decoder):
    """Scores one item at a time, as if its whole prompt were decoded alone in a fresh context.

    Every decode has the shape, and every token the place in the cache, that it would have there:
    on a CPU the logits are equal to the bit.
    """

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
