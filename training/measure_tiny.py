"""Measure `tiny` through llama.cpp on texts held out of its training.

    python training/measure_tiny.py --data FOLDER

Writes figures.json beside this file. It needs llama-cpp-python and scikit-learn.
"""

import argparse
import json
import math
from pathlib import Path

import tiny_data
from llama_cpp import Llama
from sklearn import metrics
from tiny_data import Record
from tiny_tokenizer import SAFE, UNSAFE, PromptEncoder
from tokenizers import Tokenizer

ROOT = Path(__file__).resolve().parent.parent
CUT = 0.5


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with the data sets")
    parser.add_argument("--model", type=Path, default=ROOT / "seaguard_cli" / "tiny.gguf")
    parser.add_argument(
        "--tokenizer", type=Path, default=ROOT / "tests" / "data" / "tiny_tokenizer.json"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "training" / "figures.json")
    return parser.parse_args()


class Judge:
    """The model in llama.cpp."""

    def __init__(self, model: Path, tokenizer: Path) -> None:
        self._llama = Llama(str(model), n_ctx=8192, n_batch=2048, n_threads=1, verbose=False)
        self._encoder = PromptEncoder(Tokenizer.from_file(str(tokenizer)))
        self._shared = self._encoder.shared["prompt"]
        self._llama.eval(self._shared)

    def _logits(self, ids: list[int]) -> dict[str, float]:
        # The shared part stays in llama.cpp's memory; only what follows it is evaluated.
        start = len(self._shared)
        self._llama.n_tokens = start
        self._llama.eval(ids[start:])
        logits = self._llama._ctx.get_logits()
        return {word: logits[number] for word, number in self._encoder.verdict_ids.items()}

    def score(self, prompt: str) -> float:
        """How harmful the model takes the prompt to be, 0 to 1."""
        logits = self._logits(self._encoder.full_ids("prompt", prompt))
        return 1 / (1 + math.exp(logits[SAFE] - logits[UNSAFE]))


def rounded(value: float) -> float:
    """A figure as it is written down."""
    return round(float(value), 4)


def figures(records: list[Record], scores: list[float]) -> dict[str, float]:
    """The figures of one set of records."""
    harmful = [not record.prompt_safe for record in records]
    flagged = [score >= CUT for score in scores]
    precision, recall, _ = metrics.precision_recall_curve(harmful, scores)
    (true_safe, false_harmful), _ = metrics.confusion_matrix(harmful, flagged)
    return {
        "records": len(records),
        "average_precision": rounded(metrics.average_precision_score(harmful, scores)),
        "auprc_trapezoid": rounded(metrics.auc(recall, precision)),
        "f1": rounded(metrics.f1_score(harmful, flagged)),
        "precision": rounded(metrics.precision_score(harmful, flagged, zero_division=0)),
        "recall": rounded(metrics.recall_score(harmful, flagged)),
        "fpr": rounded(false_harmful / (true_safe + false_harmful)),
    }


def by_language(records: list[Record], judge: Judge) -> dict[str, dict[str, float]]:
    """The figures of each language and of all together."""
    scores = [judge.score(record.prompt) for record in records]
    languages = sorted({record.language for record in records})
    table = {"all": figures(records, scores)}
    for language in languages:
        places = [place for place, one in enumerate(records) if one.language == language]
        table[language] = figures(
            [records[place] for place in places], [scores[place] for place in places]
        )
    return table


def example_scores(judge: Judge) -> list[dict]:
    """The example sentences with their scores."""
    examples = tiny_data.read_json_lines(ROOT / "examples" / "sentences.jsonl")
    rows = []
    for example in examples:
        score = judge.score(example["text"])
        right = (score >= CUT) == (example["expected"] == "harmful")
        named = {key: example[key] for key in ("id", "language", "expected")}
        rows.append({**named, "score": rounded(score), "right": right})
    return rows


def main() -> None:
    """Measure, print and write the figures."""
    options = arguments()
    judge = Judge(options.model, options.tokenizer)
    wild = options.data / "sea-safeguardbench" / "in-the-wild"
    table = {
        "measured": "the GGUF through llama.cpp; harmful is the positive class, cut at 0.5",
        "model_bytes": options.model.stat().st_size,
        "seals_val": by_language(tiny_data.read_seals(options.data / "seals" / "val.csv"), judge),
        "in_the_wild": by_language(tiny_data.read_wild(wild), judge),
        "examples": example_scores(judge),
    }
    text = json.dumps(table, indent=1, ensure_ascii=False)
    options.out.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
