"""Soft labels for prompts of SEALS: what a linear model says that has not seen them.

A linear model on character n-grams generalises better on this data than a small decoder does
(average precision 0.98 on the held out part), so the decoder learns from it, on the prompts and on
parts of them. Translations of one prompt stay in one fold, or the model would know them. Own
sentences are in no fold: every model knows them, or it would undo what they are there for.
"""

import random
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

FOLDS = 5
FEATURES = 2**18
INVERSE_REGULARISATION = 20
# What a part is taken from, in characters, and how much of it at least and at most.
LONGEST_CUT = 600
SHORTEST_SHARE, LONGEST_SHARE = 0.3, 0.8
SHORTEST_PART = 4
CONTIGUOUS, KEPT_WORDS = 0.6, 0.7


class Teacher:
    """A linear model for each fold of the prompts, fitted on the others and on own sentences.

    `sources` tells of which original each prompt is a translation; `own` whether each own sentence
    is harmful.
    """

    def __init__(
        self,
        prompts: Sequence[str],
        harmful: Sequence[bool],
        sources: Sequence[str],
        own: Mapping[str, bool],
    ) -> None:
        self._prompts = prompts
        self._texts = [*prompts, *own]
        labels = np.array([*harmful, *own.values()])
        self._counts = HashingVectorizer(
            analyzer="char_wb",
            ngram_range=(2, 4),
            n_features=FEATURES,
            alternate_sign=False,
            norm=None,
        )
        counts = self._counts.transform(self._texts)
        self._weights = TfidfTransformer(sublinear_tf=True).fit(counts)
        features = self._weights.transform(counts)
        self._models: list[LogisticRegression] = []
        self._fold = np.zeros(len(self._texts), dtype=int)
        always = range(len(prompts), len(self._texts))
        for others, unknown in GroupKFold(FOLDS).split(prompts, harmful, sources):
            self._fold[unknown] = len(self._models)
            known = [*others, *always]
            model = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=60, solver="liblinear")
            self._models.append(model.fit(features[known], labels[known]))
        self._soft = self._judge(features[: len(prompts)], self._fold[: len(prompts)])

    def labels(self) -> dict[str, float]:
        """P(harmful) of each prompt by the model of its fold."""
        return dict(zip(self._prompts, map(float, self._soft), strict=True))

    def parts(self, count: int, rng: random.Random) -> dict[str, float]:
        """Parts of prompts and own sentences drawn at random, each with its P(harmful)."""
        drawn = [rng.randrange(len(self._texts)) for _ in range(count)]
        texts = [part_of(self._texts[at][:LONGEST_CUT], rng) for at in drawn]
        features = self._weights.transform(self._counts.transform(texts))
        soft = self._judge(features, self._fold[np.array(drawn)])
        return dict(zip(texts, map(float, soft), strict=True))

    def _judge(self, features: csr_matrix, folds: NDArray[np.int_]) -> NDArray[np.float64]:
        soft = np.zeros(features.shape[0])
        for fold, model in enumerate(self._models):
            rows = folds == fold
            if rows.any():
                soft[rows] = model.predict_proba(features[rows])[:, 1]
        return soft


def part_of(text: str, rng: random.Random) -> str:
    """A run of the text's characters, or the text without some of its words."""
    words = text.split()
    if len(words) > SHORTEST_PART and rng.random() > CONTIGUOUS:
        return " ".join(word for word in words if rng.random() < KEPT_WORDS)
    share = rng.uniform(SHORTEST_SHARE, LONGEST_SHARE)
    length = max(SHORTEST_PART, int(len(text) * share))
    start = rng.randrange(max(1, len(text) - length + 1))
    return text[start : start + length].strip()
