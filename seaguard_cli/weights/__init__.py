"""Which models there are, where the weights of one lie on this machine, and how they get there.

What only `pull` and its like need is imported when it is first asked for: `check` with local
weights pays for none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seaguard_cli.weights.catalogue import Catalogue, load_catalogue
from seaguard_cli.weights.locate import Weights, find_model, locate
from seaguard_cli.weights.model import Model
from seaguard_cli.weights.store import Manifest, Store, default_store

if TYPE_CHECKING:
    from seaguard_cli.weights.canaries import CanaryOutcome, assess, load_canaries

__all__ = [
    "CanaryOutcome",
    "Catalogue",
    "Manifest",
    "Model",
    "Store",
    "Weights",
    "assess",
    "default_store",
    "find_model",
    "load_canaries",
    "load_catalogue",
    "locate",
]

_LATER = {"CanaryOutcome": "canaries", "assess": "canaries", "load_canaries": "canaries"}


def __getattr__(name: str) -> object:
    """Import a name on first use (PEP 562)."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
