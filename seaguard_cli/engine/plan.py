"""Which numeric settings a model runs with: pure, from what was asked and what there is.

What a person asks goes before what `bench` found, and that before the rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from seaguard_cli import defaults
from seaguard_cli.engine.facts import Gpu, Machine, ModelFacts, Situation
from seaguard_cli.engine.need import attention_need, cache_need, compute_need, weights_need
from seaguard_cli.engine.protocol import EngineOptions
from seaguard_cli.errors import ModelDoesNotFit, WindowDoesNotFit, WindowTooLarge

# The context that is enough for a full batch of texts and for two windows of a long one.
DEFAULT_CTX = 4096
EXACT_UBATCH = 512
# llama.cpp's own bound is 256; logits of 64 items are 39 MB with the largest vocabulary.
SEQUENCES = 64
# Two micro-batches: more is no faster, and keeps the first verdict of a slow model waiting.
BATCHES = 2
_STEP = 256
_ALL_LAYERS = -1
# More than a model has are all of them, and llama.cpp takes a C int.
_MOST_LAYERS = 2**31 - 1
# What a run takes beside what is reckoned with here: Python, its libraries, the vocabulary.
_RESERVE = 100 * 2**20


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
    def settings(self) -> str:
        """Give in words what `bench` tries: the settings that move the speed."""
        layers = {-1: "all layers on the GPU, ", 0: ""}
        flash = {None: "default", True: "on", False: "off"}
        return (
            layers.get(self.gpu_layers, f"{self.gpu_layers} layers on the GPU, ")
            + f"weights {'repacked' if self.repack else 'as in the file'}, "
            + f"{self.threads} thread{'' if self.threads == 1 else 's'}, "
            + f"flash attention {flash[self.flash_attention]}, micro-batches of {self.ubatch}"
        )

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


def make_plan(
    options: EngineOptions,
    machine: Machine,
    situation: Situation = Situation(),  # noqa: B008  # frozen
) -> Plan:
    """Give the plan for `options` on `machine`.

    Raises ModelDoesNotFit, and WindowTooLarge or WindowDoesNotFit for one that was asked for.
    """
    model = situation.model
    # With every setting fixed, whatever was found: only what moves no score is taken from it.
    found = None if options.deterministic else situation.found
    window = options.max_window or defaults.MAX_WINDOW
    ctx = options.ctx or max(DEFAULT_CTX, window)
    plan = Plan(
        ctx=ctx,
        window=min(window, ctx),
        batch=found.batch if found else BATCHES * EXACT_UBATCH,
        ubatch=found.ubatch if found else EXACT_UBATCH,
        sequences=SEQUENCES,
        threads=options.threads or _threads(machine, situation),
        gpu_layers=_gpu_layers(options, machine, situation),
        flash_attention=found.flash_attention if found else None,
        kv_float32=False,
        repack=not options.deterministic and _repacks(machine, situation),
    )
    if model is None or situation.memory is None:
        return plan
    return _fitting(plan, options, model, situation.memory)


def _threads(machine: Machine, situation: Situation) -> int:
    """Give the threads found fastest, but no more than there are processors today."""
    found = situation.found
    return min(found.threads, machine.processors) if found else machine.processors


def _repacks(machine: Machine, situation: Situation) -> bool:
    if situation.work == "few":
        return False
    if situation.found:
        return situation.found.repack
    quant = situation.model.quant if situation.model else ""
    return any(
        rule.feature in machine.features and quant in rule.quants for rule in situation.rules
    )


def _gpu_layers(options: EngineOptions, machine: Machine, situation: Situation) -> int:
    if options.device == "cpu" or (options.device == "auto" and not machine.gpus):
        return 0
    if options.gpu_layers is not None:
        return min(options.gpu_layers, _MOST_LAYERS)
    found = None if options.deterministic else situation.found
    if found and (found.gpu_layers or options.device == "auto"):
        return found.gpu_layers
    return _fitting_layers(situation.model, machine.gpus)


def _fitting_layers(model: ModelFacts | None, gpus: tuple[Gpu, ...]) -> int:
    """Give as many layers as the GPUs have memory for together; llama.cpp splits them by it."""
    free = [gpu.free for gpu in gpus if gpu.free is not None]
    if model is None or not model.layers or len(free) < len(gpus) or not free:
        return _ALL_LAYERS
    shared = compute_need(model, EXACT_UBATCH) * len(gpus)
    cache = cache_need(model, defaults.MAX_WINDOW, float32=True)
    room = sum(free) - shared
    if model.size + cache <= room:
        return _ALL_LAYERS
    return max(0, int(room // ((model.size + cache) / (model.layers + 1))))


def _fitting(plan: Plan, options: EngineOptions, model: ModelFacts, memory: int) -> Plan:
    """Give the plan that fits: with weights as they are, and smaller batches, where it has to be.

    The default window is not counted: few texts are so long, and those that are not fit well.
    """
    share = _share_on_gpu(plan, model)
    small = compute_need(model, _STEP) + cache_need(model, _STEP, float32=False)
    plain = weights_need(model, repack=False, on_gpu=share)
    if plain + small > memory:
        raise ModelDoesNotFit(
            model=model.label,
            need=plain + small,
            free=memory,
            quant=_largest_within(model, memory - small) if not share else "",
        )
    if options.max_window is not None:
        if 0 < model.trained_ctx < options.max_window:
            raise WindowTooLarge(
                window=options.max_window, trained=model.trained_ctx, model=model.label
            )
        _require_window(plan.window, model, plain, memory)
    if plan.repack and weights_need(model, repack=True, on_gpu=share) + small > memory:
        plan = replace(plan, repack=False)
    room = memory - weights_need(model, repack=plan.repack, on_gpu=share)
    while _packed_need(plan, model) > room and plan.batch > _STEP:
        batch = max(_STEP, plan.batch // 2)
        plan = replace(plan, batch=batch, ubatch=min(plan.ubatch, batch))
    return plan


def _packed_need(plan: Plan, model: ModelFacts) -> int:
    # A batch, what the one before it has left, and the head.
    tokens = min(plan.ctx, 2 * plan.batch + _STEP)
    return cache_need(model, tokens, float32=False) + compute_need(model, plan.ubatch)


def _require_window(window: int, model: ModelFacts, weights: int, memory: int) -> None:
    """Raise WindowDoesNotFit when a text of so many tokens could not be judged alone."""

    def need(tokens: int) -> int:
        ubatch = min(EXACT_UBATCH, tokens)
        attention = attention_need(model, tokens, ubatch)
        cache = cache_need(model, tokens, float32=True)
        return weights + cache + attention + compute_need(model, ubatch)

    if need(window) <= memory or window <= _STEP:
        return
    fits, sure = _STEP, memory - _RESERVE
    while need(2 * fits) <= sure:
        fits *= 2
    fits = max((one for one in range(fits, 2 * fits, _STEP) if need(one) <= sure), default=fits)
    raise WindowDoesNotFit(
        model=model.label, window=window, need=need(window), free=memory, fits=fits
    )


def _share_on_gpu(plan: Plan, model: ModelFacts) -> float:
    if plan.gpu_layers < 0 or (model.layers and plan.gpu_layers > model.layers):
        return 1
    return plan.gpu_layers / (model.layers + 1) if model.layers else float(plan.on_gpu)


def _largest_within(model: ModelFacts, room: int) -> str:
    """Give the name of the model's largest quant of at most `room` bytes, "" for none."""
    fitting = [(size, name) for name, size in model.quants if size <= min(room, model.size)]
    return max(fitting)[1] if fitting else ""
