"""Official safetensors to GGUF on this machine: `convert` is the one door."""

from seaguard_cli.weights.convert.door import Prepared, convert, prepare, targets_of
from seaguard_cli.weights.convert.quants import DEFAULT, QUANTS, require_known
from seaguard_cli.weights.convert.results import Output, Progress, Provenance, Result, Step
from seaguard_cli.weights.convert.room import room_before
from seaguard_cli.weights.convert.steps import steps_on
from seaguard_cli.weights.convert.workplace import abandoned, remove, sweep
from seaguard_cli.weights.convert.writing import read_all_but_weights

__all__ = [
    "DEFAULT",
    "QUANTS",
    "Output",
    "Prepared",
    "Progress",
    "Provenance",
    "Result",
    "Step",
    "abandoned",
    "convert",
    "prepare",
    "read_all_but_weights",
    "remove",
    "require_known",
    "room_before",
    "steps_on",
    "sweep",
    "targets_of",
]
