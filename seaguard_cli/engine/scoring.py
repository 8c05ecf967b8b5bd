"""From logits to a score."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from seaguard_cli.errors import Failure, FailureCode
from seaguard_cli.verdict import Score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from seaguard_cli.engine.grammar import VerdictTokens

# exp overflows a float64 beyond 709; the score is 0 to the last bit long before that.
_LARGEST_GAP = 700.0


def score_of(logits: NDArray[np.float32], verdicts: VerdictTokens) -> Score | Failure:
    """Give P(unsafe) and the verdicts' mass from the logits, float32 of shape (vocabulary,).

    P(unsafe) = 1 / (1 + exp(logit_safe - logit_unsafe)) in float64, the softmax over exactly the
    two verdict tokens; the mass is their share of the softmax over the whole vocabulary. Logits
    that are not finite give a Failure: a broken computation is no verdict.
    """
    import numpy as np

    safe, unsafe = float(logits[verdicts.safe]), float(logits[verdicts.unsafe])
    largest = float(logits.max())
    if not (math.isfinite(safe) and math.isfinite(unsafe) and math.isfinite(largest)):
        return Failure(FailureCode.ENGINE, {"problem": "the model's logits are not finite"})
    total = float(np.exp(logits - np.float32(largest)).sum(dtype=np.float64))
    return Score(
        unsafe=1.0 / (1.0 + math.exp(min(safe - unsafe, _LARGEST_GAP))),
        mass=(math.exp(safe - largest) + math.exp(unsafe - largest)) / total,
    )
