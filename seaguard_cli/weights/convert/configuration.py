"""What `config.json` says of a text model, whichever transformers wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seaguard_cli.errors import NotConvertible
from seaguard_cli.weights.convert.read import Settings, read_json
from seaguard_cli.weights.convert.rope import Rope, read_rope

# Gemma 3: five local layers, then a global one. llama.cpp counts on it.
_GLOBAL_EVERY = 6
# The 27B model, which alone scales attention by the width of a head's share: see llama.cpp's
# models/gemma3.cpp.
_GEMMA_27B_LAYERS = 62
# A stranger's configuration must not fill the memory with names of layers and of tokens.
_MOST_LAYERS, _MOST_TOKENS = 1_000, 10_000_000
# Qwen3-VL's when the configuration tells nothing: Qwen3VLVisionConfig of transformers.
_DEEPSTACK_LAYERS = 3


@dataclass(frozen=True, slots=True)
class Defaults:
    """What an architecture's configuration class in transformers fills in; None: must be there."""

    heads: int | None = None
    kv_heads: int | None = None
    head_dim: int | None = None
    vocabulary: int | None = None
    context: int | None = None
    epsilon: float | None = 1e-6
    rope_base: float | None = None
    local_rope_base: float | None = None
    window: int | None = None
    tied: bool = False


@dataclass(frozen=True, slots=True)
class Architecture:
    """One of the architectures: its name in GGUF, and how its configuration is to be read.

    `fixed` are settings that llama.cpp takes for granted, by key: another value cannot be
    converted.
    """

    name: str
    defaults: Defaults
    fixed: Mapping[str, object]


_LLAMA = Architecture(
    "llama",
    Defaults(context=2048, rope_base=10_000.0),
    {"hidden_act": "silu", "attention_bias": False, "mlp_bias": False},
)
_QWEN3VL = Architecture(
    "qwen3vl",
    # Its base frequency has another default in transformers 4 than in 5: it must be there.
    Defaults(kv_heads=32, head_dim=128, vocabulary=151_936, context=128_000),
    {"hidden_act": "silu", "attention_bias": False},
)
_GEMMA3 = Architecture(
    "gemma3",
    Defaults(
        heads=8,
        kv_heads=4,
        head_dim=256,
        vocabulary=262_208,
        context=131_072,
        rope_base=1_000_000.0,
        local_rope_base=10_000.0,
        window=4096,
        tied=True,
    ),
    {
        "hidden_activation": "gelu_pytorch_tanh",
        "attention_bias": False,
        "attn_logit_softcapping": None,
        "use_bidirectional_attention": False,
        "sliding_window_pattern": _GLOBAL_EVERY,
        "_sliding_window_pattern": _GLOBAL_EVERY,
    },
)
ARCHITECTURES: Mapping[str, Architecture] = {
    "Qwen3VLForConditionalGeneration": _QWEN3VL,
    "LlamaForCausalLM": _LLAMA,
    "Gemma3ForConditionalGeneration": _GEMMA3,
    "Gemma3ForCausalLM": _GEMMA3,
}


@dataclass(frozen=True, slots=True)
class Configuration:
    """A text model's sizes and settings; `context` and `window` in tokens."""

    architecture: str
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    feed_forward: int
    vocabulary: int
    context: int
    epsilon: float
    rope: Rope
    tied: bool
    window: int | None
    softcap: float | None
    deepstack_layers: int | None


def read_configuration(folder: Path) -> Configuration:
    """Read a checkpoint's `config.json`.

    Raises NotConvertible for another architecture, named, or a setting that llama.cpp could not
    follow, and CheckpointBroken for a file that is missing or makes no sense.
    """
    path = folder / "config.json"
    values = read_json(path)
    architecture = _architecture(path, values)
    outer = Settings(path, values)
    # The keys of a text part within a larger model go before those of the whole.
    text = Settings(path, {**values, **outer.part("text_config").values})
    for key, value in architecture.fixed.items():
        if text.values.get(key, value) not in (value, None):
            problem = f"{key} is {text.values[key]!r}, which llama.cpp does not follow"
            raise NotConvertible(path=str(path), problem=problem)
    known = architecture.defaults
    heads, hidden = text.whole("num_attention_heads", known.heads), text.whole("hidden_size")
    configuration = Configuration(
        architecture=architecture.name,
        layers=text.whole("num_hidden_layers", most=_MOST_LAYERS),
        hidden=hidden,
        heads=heads,
        kv_heads=text.whole("num_key_value_heads", known.kv_heads or heads),
        head_dim=text.whole("head_dim", known.head_dim or hidden // heads),
        feed_forward=text.whole("intermediate_size"),
        vocabulary=text.whole("vocab_size", known.vocabulary, most=_MOST_TOKENS),
        context=text.whole("max_position_embeddings", known.context),
        epsilon=text.number("rms_norm_eps", known.epsilon),
        rope=read_rope(
            text,
            base=known.rope_base,
            local_base=known.local_rope_base,
            llama3=architecture is _LLAMA,
        ),
        tied=_tied(outer, text, known.tied),
        window=text.whole("sliding_window", known.window) if known.window else None,
        softcap=text.number("final_logit_softcapping", 0.0) or None,
        deepstack_layers=_deepstack_layers(outer) if architecture is _QWEN3VL else None,
    )
    _require_shape(text, configuration)
    if architecture is _GEMMA3:
        _require_gemma(text, configuration)
    return configuration


def _tied(outer: Settings, text: Settings, default: bool) -> bool:
    key = "tie_word_embeddings"
    said = [one.flag(key, default) for one in (outer, text) if key in one]
    return any(said) if said else default


def _architecture(path: Path, values: Mapping[str, Any]) -> Architecture:
    named = values.get("architectures")
    name = named[0] if isinstance(named, list) and named else values.get("model_type")
    if not isinstance(name, str) or name not in ARCHITECTURES:
        said = f"it is a {name}" if name else "it names no architecture"
        raise NotConvertible(path=str(path), problem=said)
    if values.get("quantization_config") is not None:
        problem = "the checkpoint is quantised already; take the unquantised one"
        raise NotConvertible(path=str(path), problem=problem)
    return ARCHITECTURES[name]


def _require_shape(text: Settings, one: Configuration) -> None:
    if one.heads % one.kv_heads:
        raise text.broken(f"{one.heads} heads do not share {one.kv_heads} key-value heads evenly")
    if one.deepstack_layers is not None and one.deepstack_layers >= one.layers:
        # llama.cpp adds an image's features after it has dropped all tokens but the last one's,
        # and aborts the process.
        problem = f"images go into {one.deepstack_layers} of its {one.layers} layers, too many"
        raise NotConvertible(path=str(text.path), problem=f"{problem} for llama.cpp")
    if one.head_dim % 2:
        raise text.broken(f"head_dim is {one.head_dim}, which is odd")
    sections = one.rope.sections
    if one.architecture == "qwen3vl" and sum(sections) * 2 != one.head_dim:
        raise text.broken(f"mrope_section is {list(sections)}, and head_dim {one.head_dim}")


def _require_gemma(text: Settings, one: Configuration) -> None:
    """Refuse what llama.cpp takes for granted of Gemma 3 and this model has otherwise."""
    kinds = text.values.get("layer_types")
    usual = [
        "sliding_attention" if (layer + 1) % _GLOBAL_EVERY else "full_attention"
        for layer in range(one.layers)
    ]
    if kinds is not None and kinds != usual:
        problem = "its local and global layers alternate in an unusual way"
        raise NotConvertible(path=str(text.path), problem=problem)
    large = one.layers == _GEMMA_27B_LAYERS
    scale = one.hidden // one.heads if large else one.head_dim
    if text.number("query_pre_attn_scalar", 256) != scale:
        problem = f"query_pre_attn_scalar is not {scale}, which llama.cpp takes for granted"
        raise NotConvertible(path=str(text.path), problem=problem)


def _deepstack_layers(outer: Settings) -> int:
    layers = outer.part("vision_config").values.get("deepstack_visual_indexes")
    if layers is None:
        return _DEEPSTACK_LAYERS
    if not isinstance(layers, list):
        raise outer.broken("deepstack_visual_indexes is not a list")
    return len(layers)
