"""Which tensors a model must have, in which shapes, and what becomes of each in a GGUF."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seaguard_cli.errors import CheckpointBroken, NotConvertible
from seaguard_cli.weights.convert.configuration import Configuration
from seaguard_cli.weights.convert.rope import frequency_factors
from seaguard_cli.weights.convert.safetensors import Stored

if TYPE_CHECKING:
    import gguf
    import numpy as np
    from numpy.typing import NDArray

FLOATS = ("BF16", "F16", "F32")
_HEAD = "lm_head.weight"


@dataclass(frozen=True, slots=True)
class Planned:
    """A tensor of the GGUF: its name there, its shape (rows first), and where its values are.

    `heads`: the rows of each head are to be reordered. `shift` is added to every value. `matrix`
    says that it takes the file's own type; anything else is F32.
    """

    name: str
    shape: tuple[int, ...]
    values: Stored | NDArray[np.float32]
    heads: int | None = None
    shift: float = 0.0

    @property
    def matrix(self) -> bool:
        """Tell whether it is one of the large ones, which alone are stored in 16 bits or fewer."""
        return len(self.shape) > 1

    @property
    def count(self) -> int:
        """Give how many values it has."""
        import math

        return math.prod(self.shape)


def plan_tensors(
    folder: Path, stored: Mapping[str, Stored], configuration: Configuration
) -> list[Planned]:
    """Give what is to be written, in the order of the files, so that they are read in one go.

    Names are those of the `gguf` package. Raises CheckpointBroken when a tensor is missing or has
    a wrong shape, and NotConvertible when one is of no use to the architecture, or is not stored
    as floating-point numbers.
    """
    import gguf

    names = gguf.get_tensor_name_map(_gguf_architecture(configuration), configuration.layers)
    expected = _expected(configuration, with_head=_HEAD in stored or not configuration.tied)
    for name in expected:
        if name not in stored:
            raise CheckpointBroken(path=str(folder), problem=f"no shard holds {name}")
    planned = [_planned(one, expected, names, configuration) for one in stored.items()]
    factors = frequency_factors(configuration.rope, configuration.head_dim)
    if factors is None:
        return planned
    name = gguf.TENSOR_NAMES[gguf.MODEL_TENSOR.ROPE_FREQS] + ".weight"
    return [Planned(name, factors.shape, factors), *planned]


def _planned(
    item: tuple[str, Stored],
    expected: Mapping[str, tuple[int, ...]],
    names: gguf.TensorNameMap,
    configuration: Configuration,
) -> Planned:
    name, stored = item
    if name not in expected:
        problem = f"it holds {name}, which {configuration.architecture} has no place for"
        raise NotConvertible(path=str(stored.path), problem=problem)
    if stored.shape != expected[name]:
        problem = f"{name} has the shape {_words(stored.shape)}, not {_words(expected[name])}"
        raise CheckpointBroken(path=str(stored.path), problem=problem)
    if stored.dtype not in FLOATS:
        problem = f"{name} is stored as {stored.dtype}, and only {', '.join(FLOATS)} are read"
        raise NotConvertible(path=str(stored.path), problem=problem)
    return Planned(
        name=names.get_name(name, (".weight",)) or name,
        shape=stored.shape,
        values=stored,
        heads=_heads(name, configuration) if configuration.architecture == "llama" else None,
        # Gemma's norms multiply by one more than their weight.
        shift=1.0 if configuration.architecture == "gemma3" and "norm" in name else 0.0,
    )


def _heads(name: str, configuration: Configuration) -> int | None:
    """Give how many heads of a Llama matrix are to be reordered.

    Hugging Face's Llama rotates the halves of a head against each other, llama.cpp's its
    neighbours: as `LlamaModel.permute` of llama.cpp's converter.
    """
    if name.endswith(".q_proj.weight"):
        return configuration.heads
    return configuration.kv_heads if name.endswith(".k_proj.weight") else None


def _expected(one: Configuration, *, with_head: bool) -> dict[str, tuple[int, ...]]:
    """Give the shape of every tensor that the model must have, by its name in a text model."""
    queries, keys = one.heads * one.head_dim, one.kv_heads * one.head_dim
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (one.vocabulary, one.hidden),
        "model.norm.weight": (one.hidden,),
    }
    if with_head:
        shapes[_HEAD] = (one.vocabulary, one.hidden)
    layer: dict[str, tuple[int, ...]] = {
        "input_layernorm": (one.hidden,),
        "self_attn.q_proj": (queries, one.hidden),
        "self_attn.k_proj": (keys, one.hidden),
        "self_attn.v_proj": (keys, one.hidden),
        "self_attn.o_proj": (one.hidden, queries),
        "post_attention_layernorm": (one.hidden,),
        "mlp.gate_proj": (one.feed_forward, one.hidden),
        "mlp.up_proj": (one.feed_forward, one.hidden),
        "mlp.down_proj": (one.hidden, one.feed_forward),
    }
    if one.architecture != "llama":
        layer |= {"self_attn.q_norm": (one.head_dim,), "self_attn.k_norm": (one.head_dim,)}
    if one.architecture == "gemma3":
        layer |= dict.fromkeys(
            ("pre_feedforward_layernorm", "post_feedforward_layernorm"), (one.hidden,)
        )
    for number in range(one.layers):
        prefix = f"model.layers.{number}."
        shapes |= {f"{prefix}{name}.weight": shape for name, shape in layer.items()}
    return shapes


def _gguf_architecture(configuration: Configuration) -> gguf.MODEL_ARCH:
    import gguf

    names = gguf.MODEL_ARCH_NAMES
    return next(arch for arch, name in names.items() if name == configuration.architecture)


def _words(shape: tuple[int, ...]) -> str:
    return " x ".join(str(size) for size in shape)
