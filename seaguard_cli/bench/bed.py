"""Where plans are measured: models that are loaded, and tokens to decode with them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from seaguard_cli.bench.texts import texts
from seaguard_cli.engine.cancellation import Cancellation
from seaguard_cli.engine.packing import Row
from seaguard_cli.engine.plan import Plan
from seaguard_cli.engine.session import Context, DoesNotFit, LoadedModel
from seaguard_cli.engine.vocabulary import Vocabulary
from seaguard_cli.errors import DecodeFailed, OutOfMemory

_log = logging.getLogger(__name__)

_WORDS = 50
_WARM_UP = 32
_FEWEST, _MOST = 128, 1024
# Of the time that there is, a run may take this part: five settings, three values, two runs each.
_PART = 1 / 45
_MOMENT = 1.0


class Bed:
    """Measures how fast plans prefill with the GGUF at `path`, as long as there is time.

    `seconds` is what the measurements may take; `told` is called with what is being done.
    """

    def __init__(
        self,
        path: Path,
        seconds: float,
        cancellation: Cancellation,
        told: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._path = path
        self._seconds = seconds
        self._cancellation = cancellation
        self._told = told
        self._models: dict[tuple[bool, int], LoadedModel] = {}
        self._rows: list[list[int]] = []
        self._tokens = 0
        self._began = 0.0
        # The larger part of a moment belongs to chance.
        self._shortest = min(_MOMENT, seconds * _PART)
        self._rate = 0.0

    def prepare(self, plan: Plan) -> int:
        """Load the model, and give how many tokens a run decodes: fewer on a slow machine."""
        self._told("loading")
        model = self._model(plan)
        vocabulary = Vocabulary(model.vocabulary)
        listed = texts(_WORDS)
        while sum(map(len, self._rows)) < _MOST:
            self._rows.append(vocabulary.tokenise(next(listed), special=False)[: plan.batch])
        self._began = time.monotonic()
        self._tokens = _FEWEST
        self.measure(plan)
        self._tokens = min(_MOST, max(_FEWEST, int(self._rate * self._seconds * _PART)))
        return self._tokens

    @property
    def left(self) -> float:
        """Give the seconds that are left."""
        return self._seconds - (time.monotonic() - self._began)

    def measure(self, plan: Plan, tokens: int = 0) -> float | None:
        """Give the tokens/s of `plan` with at least so many tokens in a batch.

        0 where it does not run, None when there is no time left for it. Raises Interrupted.
        """
        tokens = max(tokens, self._tokens)
        if self._rate and self.left < tokens / self._rate:
            return None
        self._told(f"{self.left:.0f} s left, {plan.settings}")
        try:
            rate = self._measured(plan, tokens)
        except (OutOfMemory, DecodeFailed, DoesNotFit) as error:
            _log.info("this plan does not run, %s: %s", error, plan)
            return 0.0
        self._rate = rate
        _log.info("%.1f tokens/s with %s", rate, plan)
        return rate

    def close(self) -> None:
        """Free the models; may be called again."""
        for model in self._models.values():
            model.close()
        self._models.clear()

    def keep_only(self, plan: Plan) -> None:
        """Free the models that `plan` does not use."""
        for key in self._models.keys() - {_key(plan)}:
            self._models.pop(key).close()

    def _measured(self, plan: Plan, wanted: int) -> float:
        model = self._model(plan)
        rows = self._cut(plan, wanted)
        tokens = sum(len(row.ids) for row in rows)
        with Context(model, plan, ctx=plan.context_for(tokens)) as context:
            # The first decode also builds what all later ones use.
            context.decode([Row([1], 0, self._rows[0][:_WARM_UP], read=True)])
            began, times = time.monotonic(), 0
            while times == 0 or time.monotonic() - began < self._shortest:
                context.clear()
                context.decode(rows)
                times += 1
            return times * tokens / (time.monotonic() - began)

    def _cut(self, plan: Plan, tokens: int) -> list[Row]:
        """Give texts as rows of a batch, in sequences of their own, of so many tokens together."""
        left, rows = min(tokens, plan.ctx), list[Row]()
        for sequence, ids in enumerate(self._rows[: plan.sequences], start=1):
            if left > 0:
                rows.append(Row([sequence], 0, ids[:left], read=True))
                left -= len(ids)
        return rows

    def _model(self, plan: Plan) -> LoadedModel:
        key = _key(plan)
        if key not in self._models:
            self._models[key] = LoadedModel(self._path, plan, self._cancellation)
        return self._models[key]


def _key(plan: Plan) -> tuple[bool, int]:
    return plan.repack, plan.gpu_layers
