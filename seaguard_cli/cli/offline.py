"""Whether the network is ruled out: by --offline, or by the Hub's own variable."""

from __future__ import annotations

from seaguard_cli.cli.environment import Environment

_TRUE = {"1", "ON", "YES", "TRUE"}
_VARIABLES = ("SEAGUARD_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


def is_offline(environment: Environment, *, asked: bool) -> bool:
    """Tell whether nothing may be asked of the network."""
    said = (environment.variables.get(name, "").upper() for name in _VARIABLES)
    return asked or any(value in _TRUE for value in said)
