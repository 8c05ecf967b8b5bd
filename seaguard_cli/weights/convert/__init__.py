"""Official safetensors to GGUF on this machine: `convert` is the one door."""

from seaguard_cli.weights.convert.door import convert
from seaguard_cli.weights.convert.quants import DEFAULT, QUANTS
from seaguard_cli.weights.convert.results import Output, Progress, Provenance, Result, Step

__all__ = [
    "DEFAULT",
    "QUANTS",
    "Output",
    "Progress",
    "Provenance",
    "Result",
    "Step",
    "convert",
]
