"""How a guard's model is opened: at its first use, and no more of it than is needed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seaguard_cli.engine import Cancellation, Engine, EngineOptions
from seaguard_cli.errors import DeviceMissing
from seaguard_cli.prompt import VerdictWords
from seaguard_cli.weights import Catalogue, Weights

if TYPE_CHECKING:
    from seaguard_cli.accelerators import Accelerator
    from seaguard_cli.cache import Cache
    from seaguard_cli.engine.facts import Found, Situation, Work
    from seaguard_cli.engine.llamacpp import Tokenizer


@dataclass(slots=True)
class Opener:
    """Opens one model: its engine, which stays open until `close`, or its vocabulary alone.

    `family` is the one to take whatever the vocabulary says. `cache`, `work` and `found` are as
    for a Guard. `loaded` tells whether the weights are, too: with a cache an engine may be open
    without them.
    """

    weights: Weights
    catalogue: Catalogue
    options: EngineOptions
    cancellation: Cancellation
    family: str | None
    cache: Cache | bool
    work: Work
    found: Found | None
    loaded: bool = field(default=False, init=False)
    _engine: Engine | None = field(default=None, init=False)

    def engine(self) -> Engine:
        """Give the engine, opened if it is not yet. Raises WeightsError and EngineError."""
        if self._engine is None:
            try:
                self._engine = self._cached() if self.cache else self._load()
            except DeviceMissing as error:
                if gpu := self.idle_gpu():
                    raise DeviceMissing(
                        device=error.facts["device"], maker=gpu.maker, install=gpu.install
                    ) from error
                raise
        return self._engine

    def vocabulary(self) -> AbstractContextManager[Tokenizer]:
        """Give the vocabulary without the weights, for a with statement. Raises WeightsError."""
        from seaguard_cli.engine.llamacpp import opened_vocabulary

        return opened_vocabulary(
            self.weights.path,
            self.options,
            families=self.catalogue.families,
            family=self.family,
            label=self.weights.label,
        )

    def idle_gpu(self) -> Accelerator | None:
        """Give the GPU that could be used, were it not for the installed llama.cpp."""
        from seaguard_cli.accelerators import accelerator_here
        from seaguard_cli.engine.library import llama

        idle = self.options.device != "cpu" and not llama().llama_supports_gpu_offload()
        return accelerator_here() if idle else None

    def close(self) -> None:
        """Give the engine's memory back; may be called again."""
        if self._engine:
            self._engine.close()
            self._engine, self.loaded = None, False

    def _cached(self) -> Engine:
        """Give an engine that loads the model only for scores that the cache does not have."""
        from seaguard_cli.cache import Cache
        from seaguard_cli.engine.front import LlamaFront

        front = LlamaFront(
            self.weights.path,
            self.options,
            families=self.catalogue.families,
            family=self.family,
            spellings=self._spellings,
            situation=self._situation(),
        )
        cache = self.cache if isinstance(self.cache, Cache) else Cache()
        return cache.around(front, self._load, self.weights.path)

    def _load(self) -> Engine:
        from seaguard_cli.engine.llamacpp import LlamaEngine
        from seaguard_cli.weights.heads import heads_of

        engine = LlamaEngine(
            self.weights.path,
            self.options,
            cancellation=self.cancellation,
            families=self.catalogue.families,
            family=self.family,
            spellings=self._spellings,
            situation=self._situation(),
            heads=heads_of(self.weights.path),
        )
        self.loaded = True
        return engine

    def _situation(self) -> Situation:
        """Give what the plan depends on beside the options and the machine's own processors."""
        from seaguard_cli.bench.kept import kept_for
        from seaguard_cli.engine.facts import Situation
        from seaguard_cli.weights.facts import facts_of
        from seaguard_cli.weights.machine import memory_free

        path = self.weights.path
        return Situation(
            model=facts_of(path, self.weights.label),
            memory=memory_free(),
            rules=self.catalogue.repack,
            found=self.found or kept_for(path),
            work=self.work,
        )

    @property
    def _spellings(self) -> Sequence[VerdictWords]:
        """Give the verdict words to look for."""
        model = self.weights.model
        # Of a file that a person has named in models.toml nothing more is known than of a path.
        known = model is not None and model.path is None
        return self.catalogue.verdicts[: 1 if known else None]
