"""What holds when nothing is said: defaults that code, help and documentation share."""

from __future__ import annotations

MODEL = "qwen-4b"
THRESHOLD = 0.5
# Packing moves undecided scores: up to 0.17 was seen on a 270M model.
SETTLE = 0.2
KEY = "seaguard"
MAX_RECORD = 16 * 2**20
MAX_WINDOW = 2048
# A score takes about 55 bytes on the disk: together some 550 MB.
CACHE_LIMIT = 10_000_000
# Seconds that `bench` measures settings for: enough for a model of 4 billion parameters on two
# cores, and most settings of it.
BUDGET = 120.0
# llama.cpp works with no more threads (ggml.h, GGML_MAX_N_THREADS), and some thousand crash it.
MOST_THREADS = 512
