from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "rich",
    "numpy",
    "llama_cpp",
    "huggingface_hub",
    "jsonschema",
    "pyarrow",
    "backports",
    "compression.zstd",
    "zlib",
    "tempfile",
    "seaguard_cli.cli",
)


def test_records_loads_nothing_heavy_and_nothing_above_it() -> None:
    code = f"import sys, seaguard_cli.records; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
