"""Which numeric settings a model runs with: pure, from what was asked and what there is."""

from __future__ import annotations

from dataclasses import dataclass, replace

from seaguard_cli import defaults
from seaguard_cli.engine.protocol import EngineOptions

# The context that is enough for a full batch of texts and for two windows of a long one.
DEFAULT_CTX = 4096
EXACT_UBATCH = 512
# llama.cpp's own bound is 256; logits of 64 items are 39 MB with the largest vocabulary.
SEQUENCES = 64
# Two micro-batches: more is no faster, and keeps the first verdict of a slow model waiting.
_BATCH = 2 * EXACT_UBATCH
_STEP = 256


@dataclass(frozen=True, slots=True)
class Plan:
    """The settings of model and context. Sizes in tokens; `gpu_layers` -1 means all of them.

    `ctx` is the largest context that may be opened, and `window` the longest prompt that is sent.
    `batch` is what is packed into one decode, `ubatch` what llama.cpp computes at once.
    """

    ctx: int
    window: int
    batch: int
    ubatch: int
    sequences: int
    threads: int
    gpu_layers: int
    flash_attention: bool | None
    kv_float32: bool
    repack: bool

    def __str__(self) -> str:
        """Give the settings in words."""
        layers = {-1: "all layers on the GPU", 0: "the CPU alone"}
        flash = {None: "where llama.cpp thinks fit", True: "on", False: "off"}
        parts = (
            f"context up to {self.ctx} tokens",
            f"batches of {self.batch} tokens and {self.sequences} texts",
            f"micro-batches of {self.ubatch}",
            f"{self.threads} threads",
            layers.get(self.gpu_layers, f"{self.gpu_layers} layers on the GPU"),
            f"flash attention {flash[self.flash_attention]}",
            f"KV cache in {'F32' if self.kv_float32 else 'F16'}",
            f"weights {'repacked' if self.repack else 'as they are in the file'}",
        )
        return ", ".join(parts)

    @property
    def on_gpu(self) -> bool:
        """Tell whether anything is offloaded."""
        return self.gpu_layers != 0

    def context_for(self, tokens: int) -> int:
        """Give the smallest context, in steps of 256 tokens, that holds `tokens`."""
        return min(self.ctx, -(-tokens // _STEP) * _STEP)

    def fitted(self, trained_ctx: int) -> Plan:
        """Give the plan with no larger a context, nor window, than the model was trained with."""
        largest = trained_ctx or self.ctx
        return replace(self, ctx=min(self.ctx, largest), window=min(self.window, largest))

    def exact(self) -> Plan:
        """Give the plan for an item alone, with every setting that moves scores held fixed."""
        return replace(
            self, ubatch=EXACT_UBATCH, sequences=1, flash_attention=False, kv_float32=True
        )


def make_plan(options: EngineOptions, *, processors: int, gpu_usable: bool) -> Plan:
    """Give the plan for `options` on a machine with `processors` and, or not, a usable GPU."""
    wants_gpu = options.device == "gpu" or (options.device == "auto" and gpu_usable)
    layers = -1 if options.gpu_layers is None else options.gpu_layers
    window = options.max_window or defaults.MAX_WINDOW
    ctx = options.ctx or max(DEFAULT_CTX, window)
    return Plan(
        ctx=ctx,
        window=min(window, ctx),
        batch=_BATCH,
        ubatch=EXACT_UBATCH,
        sequences=SEQUENCES,
        threads=options.threads or processors,
        gpu_layers=layers if wants_gpu else 0,
        flash_attention=None,
        kv_float32=False,
        repack=False,
    )
