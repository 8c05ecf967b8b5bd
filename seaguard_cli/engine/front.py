"""What of an engine is to be had without its weights: how it wraps, answers and computes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from seaguard_cli.engine.facts import Situation
from seaguard_cli.engine.fingerprint import Fingerprint, fingerprint
from seaguard_cli.engine.grammar import find_verdicts
from seaguard_cli.engine.llamacpp import opened_vocabulary, plan_here
from seaguard_cli.engine.protocol import EngineOptions, Front
from seaguard_cli.prompt import Family, Prompt, VerdictWords


class FingerprintedFront(Front, Protocol):
    """Stands in for an engine whose weights may never be needed."""

    @property
    def fingerprint(self) -> Fingerprint:
        """What tells its scores from those of another way to compute them."""
        ...


class LlamaFront:
    """The vocabulary of the GGUF at `path`, and what LlamaEngine would do with the rest of it.

    Raises WeightsError when the file is no usable guard, and EngineError when there is no such
    device or not the memory.
    """

    def __init__(
        self,
        path: Path,
        options: EngineOptions,
        *,
        families: Mapping[str, Family],
        family: str | None,
        spellings: Sequence[VerdictWords],
        situation: Situation = Situation(),  # noqa: B008  # frozen
    ) -> None:
        plan = plan_here(options, situation)
        with ExitStack() as undo:
            self.vocabulary, self.family, self.window = undo.enter_context(
                opened_vocabulary(
                    path, options, families=families, family=family, label=situation.label
                )
            )
            verdicts = find_verdicts(self.vocabulary, spellings, path=str(path))
            self.words = verdicts.words
            self.fingerprint = fingerprint(plan, self.family, verdicts)
            self._close = undo.pop_all()

    def count(self, prompt: Prompt) -> int:
        """Give a prompt's tokens. Raises ItemFailed for a lone surrogate."""
        return self.vocabulary.count(prompt)

    def close(self) -> None:
        """Free the vocabulary; may be called again."""
        self._close.close()
