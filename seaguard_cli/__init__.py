"""Moderate Southeast Asian languages with SEA-Guard models on your own machine.

The public names, imported when they are first asked for: `import seaguard_cli` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seaguard_cli.cache import Cache
    from seaguard_cli.errors import Failure, ItemFailed, SeaguardError
    from seaguard_cli.guard import Guard
    from seaguard_cli.verdict import Item, Verdict, Window

__all__ = [
    "Cache",
    "Failure",
    "Guard",
    "Item",
    "ItemFailed",
    "SeaguardError",
    "Verdict",
    "Window",
    "__version__",
]

__version__ = "0.1.0"

_HOMES = {
    "Cache": "cache",
    "Failure": "errors",
    "Guard": "guard",
    "Item": "verdict",
    "ItemFailed": "errors",
    "SeaguardError": "errors",
    "Verdict": "verdict",
    "Window": "verdict",
}


def __getattr__(name: str) -> object:
    """Import a public name on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
