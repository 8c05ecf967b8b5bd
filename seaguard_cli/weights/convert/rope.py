"""Rotary positions: the settings as transformers 4 and 5 write them, and what follows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seaguard_cli.errors import NotConvertible
from seaguard_cli.weights.convert.read import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# `mrope` is how Qwen2-VL called what transformers now calls the default.
_UNSCALED = ("default", "mrope")


@dataclass(frozen=True, slots=True)
class Llama3Scaling:
    """Llama 3.1's way to stretch long wavelengths; lengths in tokens."""

    factor: float
    low: float
    high: float
    context: int


@dataclass(frozen=True, slots=True)
class Rope:
    """Base frequency, that of local layers (Gemma), scaling, and the sections (Qwen-VL).

    `linear` divides the positions of global layers. `sections` are how many frequency pairs go to
    time, height and width.
    """

    base: float
    local_base: float | None
    linear: float | None
    llama3: Llama3Scaling | None
    sections: tuple[int, ...]


def read_rope(
    text: Settings, *, base: float | None, local_base: float | None, llama3: bool
) -> Rope:
    """Read the settings of a text configuration; `base` and `local_base` are the defaults.

    transformers 5 writes `rope_parameters`, for Gemma one for each kind of layer; transformers 4
    `rope_theta`, `rope_local_base_freq` and `rope_scaling`. Raises CheckpointBroken, and
    NotConvertible for a scaling that llama.cpp would not be told of.
    """
    given = text.part("rope_parameters" if "rope_parameters" in text else "rope_scaling")
    full = given.part("full_attention") if "full_attention" in given else given
    local = given.part("sliding_attention")
    kind = _kind_of(full)
    known = kind in _UNSCALED or kind == "linear" or (kind == "llama3" and llama3)
    if not known or _kind_of(local) not in _UNSCALED:
        unknown = _kind_of(local) if known else kind
        problem = f"its positions are scaled by {unknown!r}, which is not converted"
        raise NotConvertible(path=str(text.path), problem=problem)
    for settings in (text, full):
        if settings.number("partial_rotary_factor", 1.0) != 1:
            problem = "only a part of each head is rotated, which is not converted"
            raise NotConvertible(path=str(text.path), problem=problem)
    theta = full.number("rope_theta") if "rope_theta" in full else text.number("rope_theta", base)
    if local_base is not None:
        old = text.number("rope_local_base_freq", local_base)
        local_base = local.number("rope_theta", old)
    return Rope(
        base=theta,
        local_base=local_base,
        linear=full.number("factor") if kind == "linear" else None,
        llama3=_llama3(full, text) if kind == "llama3" else None,
        sections=_sections(given),
    )


def frequency_factors(rope: Rope, head_dim: int) -> NDArray[np.float32] | None:
    """Give what llama.cpp divides each frequency by, float32 of shape (head_dim / 2,), if anything.

    Wavelengths below context / high stay, those above context / low are stretched by the factor,
    and between them is a smooth passage: the tensor `rope_freqs` of llama.cpp's converter, in
    float32 and by the reciprocals that its torch takes, so that the bytes are the same.
    """
    import numpy as np

    scaling = rope.llama3
    if scaling is None:
        return None
    exponents = np.arange(0, head_dim, 2, dtype=np.float32) / np.float32(head_dim)
    powers = np.power(rope.base, exponents.astype(np.float64)).astype(np.float32)
    factors = [_factor(scaling, np.float32(1) / power) for power in powers]
    return np.array(factors, dtype=np.float32)


def _factor(scaling: Llama3Scaling, frequency: np.float32) -> float:
    import numpy as np

    one = np.float32(1)
    wavelength = np.float32(2 * math.pi) * (one / frequency)
    if wavelength < scaling.context / scaling.high:
        return 1.0
    if wavelength > scaling.context / scaling.low:
        return scaling.factor
    share = np.float32(scaling.context) * (one / wavelength) - np.float32(scaling.low)
    smooth = share / np.float32(scaling.high - scaling.low)
    return float(one / ((one - smooth) / np.float32(scaling.factor) + smooth))


def _kind_of(settings: Settings) -> str:
    return str(settings.values.get("rope_type") or settings.values.get("type") or "default")


def _llama3(full: Settings, text: Settings) -> Llama3Scaling:
    return Llama3Scaling(
        factor=full.number("factor"),
        low=full.number("low_freq_factor"),
        high=full.number("high_freq_factor"),
        context=full.whole(
            "original_max_position_embeddings", text.whole("max_position_embeddings")
        ),
    )


def _sections(given: Settings) -> tuple[int, ...]:
    sections = given.values.get("mrope_section") or []
    if not isinstance(sections, list) or any(type(one) is not int for one in sections):
        raise given.broken("mrope_section is not a list of whole numbers")
    return tuple(sections)
