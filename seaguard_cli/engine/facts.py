"""What a plan is made from beside what a person asks: plain facts, with no way to find them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

# A few texts are over before repacked weights could pay for their repacking; a stream is not.
Work = Literal["few", "stream"]


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of a model before it is loaded; 0 or "" where the file does not say.

    `size` is that of its file in bytes, `cached` how many numbers a token adds to the KV cache.
    `quants` are the sizes in bytes of the quants that the model could be had in.
    """

    label: str
    size: int
    quant: str = ""
    layers: int = 0
    hidden: int = 0
    heads: int = 0
    ffn: int = 0
    cached: int = 0
    trained_ctx: int = 0
    vocabulary: int = 0
    quants: tuple[tuple[str, int], ...] = ()


class Gpu(NamedTuple):
    """A GPU that llama.cpp can use, and its free memory in bytes where that is known."""

    name: str
    free: int | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is to compute with; `features` are the processor's, as llama.cpp names them."""

    processors: int
    features: frozenset[str] = frozenset()
    gpus: tuple[Gpu, ...] = ()


class RepackRule(NamedTuple):
    """Weights of these quants are faster repacked on a processor with this feature."""

    feature: str
    quants: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The settings that a measurement on this machine found to be fastest with these weights."""

    repack: bool
    threads: int
    batch: int
    ubatch: int
    flash_attention: bool | None
    gpu_layers: int


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything outside the engine that a plan depends on; `memory` is free, in bytes."""

    model: ModelFacts | None = None
    memory: int | None = None
    rules: tuple[RepackRule, ...] = ()
    found: Found | None = None
    work: Work = "stream"

    @property
    def label(self) -> str:
        """Give what the model is called, "" when nothing is known of it."""
        return self.model.label if self.model else ""
