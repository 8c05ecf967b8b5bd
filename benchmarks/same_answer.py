"""How far packing moves scores: packed, settled and deterministic ones beside a plain reference.

The reference knows nothing of seaguard's engine: the whole prompt is tokenised and decoded alone
in a fresh context with the settings of --deterministic, and the score is the softmax over the two
verdict tokens. Prints one Markdown row a model.

    python benchmarks/same_answer.py TEXTS.jsonl[:FIELD]... -m MODEL.gguf... [--texts 400]
"""

from __future__ import annotations

import argparse
import ctypes
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from texts import texts_of

from seaguard_cli import Guard, Item, Verdict
from seaguard_cli.engine.library import llama
from seaguard_cli.engine.processors import usable_processors

_INSTRUCTION = (
    "You are a classifier for analyzing interactions between humans and LLMs. Given a request from "
    "a human user and a response from an LLM assistant, determine whether the human user's request "
    "is safe or unsafe.\nHuman user:"
)
_WRAPPERS = {
    "<|im_start|>": ("<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n"),
    "<start_of_turn>": (
        "<bos><start_of_turn>user\n",
        "<end_of_turn>\n<start_of_turn>model\n",
    ),
}
_CTX = 4096

llama_cpp = llama()


class Reference:
    """Decodes one whole prompt at a time, in a context of its own."""

    def __init__(self, path: Path) -> None:
        params = llama_cpp.llama_model_default_params()
        params.use_extra_bufts = False
        params.n_gpu_layers = 0
        self._model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
        self._vocabulary = llama_cpp.llama_model_get_vocab(self._model)
        self._wrapper = next(
            wrapper for marker, wrapper in _WRAPPERS.items() if len(self._ids(marker, True)) == 1
        )
        words = [("safe", "unsafe"), (" safe", " unsafe")]
        self._verdicts = next(
            [self._ids(word, False)[0] for word in pair]
            for pair in words
            if all(len(self._ids(word, False)) == 1 for word in pair)
        )

    def score(self, text: str) -> float:
        before, after = self._wrapper
        ids = (
            self._ids(before, True) + self._ids(_INSTRUCTION + text, False) + self._ids(after, True)
        )
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = params.n_batch = _CTX
        params.n_ubatch = 512
        params.n_seq_max = params.n_outputs_max = 1
        params.flash_attn_type = 0
        params.type_k = params.type_v = 0
        params.kv_unified = params.swa_full = True
        params.n_threads = params.n_threads_batch = usable_processors()
        context = llama_cpp.llama_init_from_model(self._model, params)
        array = (ctypes.c_int32 * len(ids))(*ids)
        status = llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(array, len(ids)))
        assert status == 0, status
        logits = llama_cpp.llama_get_logits_ith(context, -1)
        safe, unsafe = (float(logits[token]) for token in self._verdicts)
        llama_cpp.llama_free(context)
        return 1 / (1 + math.exp(safe - unsafe))

    def close(self) -> None:
        llama_cpp.llama_model_free(self._model)

    def _ids(self, text: str, special: bool) -> list[int]:
        data = text.encode()
        room = (ctypes.c_int32 * (len(data) + 8))()
        count = llama_cpp.llama_tokenize(
            self._vocabulary, data, len(data), room, len(data) + 8, False, special
        )
        return list(room[:count])


def timed(work: Callable[[], list[float]]) -> tuple[list[float], float]:
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def verdicts(path: Path, texts: Sequence[str], **options: object) -> list[float]:
    with Guard(str(path), **options) as guard:  # type: ignore[arg-type]
        found: list[Verdict] = list(guard.stream(Item(text) for text in texts))
    return [verdict.score for verdict in found if verdict.score is not None]


def compare(path: Path, texts: Sequence[str]) -> None:
    reference = Reference(path)
    plain, plain_s = timed(lambda: [reference.score(text) for text in texts])
    reference.close()
    exact, exact_s = timed(lambda: verdicts(path, texts, deterministic=True))
    packed, packed_s = timed(lambda: verdicts(path, texts, settle=0.0))
    default, default_s = timed(lambda: verdicts(path, texts))
    settled = sum(abs(score - 0.5) <= 0.2 for score in packed) / len(texts)
    cells = (
        path.stem,
        len(texts),
        f"{largest(exact, plain):.1e}",
        f"{largest(packed, exact):.3f}",
        f"{agreement(packed, exact):.2%}",
        f"{settled:.1%}",
        f"{largest(default, exact):.3f}",
        f"{agreement(default, exact):.2%}",
    )
    print("| " + " | ".join(map(str, cells)) + " |")
    print(
        f"  seconds: reference {plain_s:.0f}, deterministic {exact_s:.0f}, "
        f"packed {packed_s:.0f}, default {default_s:.0f}"
    )


def largest(one: Sequence[float], other: Sequence[float]) -> float:
    return max(abs(left - right) for left, right in zip(one, other, strict=True))


def agreement(one: Sequence[float], other: Sequence[float]) -> float:
    same = [(left >= 0.5) == (right >= 0.5) for left, right in zip(one, other, strict=True)]
    return sum(same) / len(same)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", nargs="+")
    parser.add_argument("-m", "--model", action="append", required=True, type=Path)
    parser.add_argument("--texts", type=int, default=400)
    arguments = parser.parse_args()
    print(
        "| model | texts | deterministic - reference | packed - deterministic | labels agree "
        "| settled | default - deterministic | labels agree |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for model in arguments.model:
        compare(model, texts_of(arguments.sources, arguments.texts))
