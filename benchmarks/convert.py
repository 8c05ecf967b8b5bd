"""Memory and time of converting and quantising a checkpoint of the 4B model's size (Linux).

    python benchmarks/convert.py [--in FOLDER] [--layers N]

Writes a twin of Qwen-SEA-Guard-4B into a temporary folder (below FOLDER): its shapes in bfloat16,
in two shards, with random weights and a small tokenizer. It takes 8 GB, the 16-bit file in between
8 GB more, and the result 2.5 GB; all are removed afterwards. With fewer layers than its 36 it is
quicker, and the largest tensor, which decides over memory, is the same.

Memory is read from /proc 20 times a second, for the converting process and its quantiser apart.
RssAnon is memory of their own. VmHWM is the most that was ever resident, as the kernel kept it: it
counts pages of the 16-bit file too, that llama.cpp's quantiser has mapped and the system may drop
at any moment. The bound holds for the larger. Ends with status 1 when it does not.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

_ROOT = Path(__file__).parent.parent
_TOKENIZER = _ROOT / "tests" / "convert" / "checkpoints" / "qwen-4"
_LAYERS, _HIDDEN, _HEADS, _KV_HEADS, _HEAD_DIM, _FFN, _VOCABULARY = (
    36,
    2560,
    32,
    8,
    128,
    9728,
    151936,
)
_PREFIX = "model.language_model."
_POOL = 2**24
_TEXT = {
    "hidden_size": _HIDDEN,
    "intermediate_size": _FFN,
    "num_attention_heads": _HEADS,
    "num_key_value_heads": _KV_HEADS,
    "head_dim": _HEAD_DIM,
    "vocab_size": _VOCABULARY,
    "max_position_embeddings": 262144,
    "rms_norm_eps": 1e-06,
    "rope_theta": 5000000,
    "rope_scaling": {"rope_type": "default", "mrope_section": [24, 20, 20]},
    "hidden_act": "silu",
}
_CONFIG = {
    "architectures": ["Qwen3VLForConditionalGeneration"],
    "model_type": "qwen3_vl",
    "tie_word_embeddings": True,
    "vision_config": {"deepstack_visual_indexes": [5, 11, 17]},
}
_CONVERT = """
import sys
from pathlib import Path
from seaguard_cli.weights.convert import convert
result = convert(Path(sys.argv[1]), Path(sys.argv[2]), quants=["Q4_K_M"])
print(result.parameters, result.outputs[0].size)
"""


def shapes(layers: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    queries, keys = _HEADS * _HEAD_DIM, _KV_HEADS * _HEAD_DIM
    yield "embed_tokens.weight", (_VOCABULARY, _HIDDEN)
    for layer in range(layers):
        for name, shape in {
            "input_layernorm": (_HIDDEN,),
            "mlp.down_proj": (_HIDDEN, _FFN),
            "mlp.gate_proj": (_FFN, _HIDDEN),
            "mlp.up_proj": (_FFN, _HIDDEN),
            "post_attention_layernorm": (_HIDDEN,),
            "self_attn.k_norm": (_HEAD_DIM,),
            "self_attn.k_proj": (keys, _HIDDEN),
            "self_attn.o_proj": (_HIDDEN, queries),
            "self_attn.q_norm": (_HEAD_DIM,),
            "self_attn.q_proj": (queries, _HIDDEN),
            "self_attn.v_proj": (keys, _HIDDEN),
        }.items():
            yield f"layers.{layer}.{name}.weight", shape
    yield "norm.weight", (_HIDDEN,)


def write_twin(folder: Path, layers: int) -> int:
    """Write the checkpoint and give the size of its largest tensor in bytes."""
    drawn = np.random.default_rng(0).standard_normal(_POOL).astype(np.float32) * np.float32(0.02)
    pool = (drawn.view(np.uint32) >> 16).astype(np.uint16)
    every = list(shapes(layers))
    halves = {"model-00001-of-00002.safetensors": every[: len(every) // 2]}
    halves["model-00002-of-00002.safetensors"] = every[len(every) // 2 :]
    for name, part in halves.items():
        write_shard(folder / name, part, pool)
    placed = {_PREFIX + one: name for name, part in halves.items() for one, _ in part}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": placed}))
    config = {**_CONFIG, "text_config": {**_TEXT, "num_hidden_layers": layers}}
    (folder / "config.json").write_text(json.dumps(config))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(_TOKENIZER / name, folder)
    return max(2 * int(np.prod(shape)) for _, shape in every)


def write_shard(path: Path, part: list[tuple[str, tuple[int, ...]]], pool: np.ndarray) -> None:
    header, end = {}, 0
    for name, shape in part:
        size = 2 * int(np.prod(shape))
        entry = {"dtype": "BF16", "shape": list(shape), "data_offsets": [end, end + size]}
        header[_PREFIX + name] = entry
        end += size
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, shape in part:
            left = int(np.prod(shape))
            while left:
                file.write(pool[:left].tobytes())
                left -= min(left, _POOL)


def descendants(process: int) -> list[int]:
    try:
        text = Path(f"/proc/{process}/task/{process}/children").read_text()
    except OSError:
        return []
    return [int(one) for one in text.split()]


def memory(process: int) -> dict[str, int]:
    """Give what a process has, or had, resident in bytes, by the names of /proc/PID/status."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return {}
    fields = (line.split() for line in lines if line.startswith(("VmHWM", "RssAnon")))
    return {field[0].rstrip(":"): int(field[1]) * 1024 for field in fields}


def watch(process: subprocess.Popen[str]) -> tuple[dict[str, dict[str, int]], float]:
    """Give the peaks of the converting process and its quantiser, and when the latter began."""
    peaks: dict[str, dict[str, int]] = {"converting": {}, "quantising": {}}
    quantising = 0.0
    while process.poll() is None:
        workers = descendants(process.pid)
        if workers and not quantising:
            quantising = time.monotonic()
        for role, one in (("converting", [process.pid]), ("quantising", workers)):
            for found in map(memory, one):
                for name, size in found.items():
                    peaks[role][name] = max(size, peaks[role].get(name, 0))
        time.sleep(0.05)
    return peaks, quantising


def main(place: str | None, layers: int) -> int:
    with tempfile.TemporaryDirectory(prefix="seaguard-benchmark-", dir=place) as name:
        folder = Path(name, "twin")
        folder.mkdir()
        largest = write_twin(folder, layers)
        began = time.monotonic()
        command = [sys.executable, "-c", _CONVERT, str(folder), str(Path(name, "twin.gguf"))]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT) as process:
            peaks, quantising = watch(process)
            said = process.stdout.read() if process.stdout else ""
        ended = time.monotonic()
    if process.returncode:
        return process.returncode
    parameters, size = map(int, said.split())
    print(f"{parameters / 1e9:.2f} billion parameters to Q4_K_M, {size / 1e9:.2f} GB")
    written, quantised = quantising - began, ended - quantising
    print(f"16-bit file written in {written:.0f} s, quantised in {quantised:.0f} s")
    bound = largest + 10**9
    print(f"bound: the largest tensor, {largest / 1e9:.2f} GB, and 1 GB: {bound / 1e9:.2f} GB")
    for role, found in peaks.items():
        words = ", ".join(f"{name} {one / 1e9:.2f} GB" for name, one in sorted(found.items()))
        kept = "within the bound" if max(found.values()) <= bound else "BEYOND THE BOUND"
        print(f"peak while {role}: {words}: {kept}")
    return int(any(max(found.values()) > bound for found in peaks.values()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Memory and time of a conversion of 4B size.")
    parser.add_argument("--in", dest="place", metavar="FOLDER", help="where the twin is written")
    parser.add_argument(
        "--layers", type=int, default=_LAYERS, help="fewer than 36 for a quick look"
    )
    asked = parser.parse_args()
    sys.exit(main(asked.place, asked.layers))
