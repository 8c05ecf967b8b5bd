"""Reading the data sets, the own sentences and the examples."""

import csv
import json
import math
import random
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, product
from pathlib import Path

# Label words are localised; every other word means harmful.
SAFE_WORDS = frozenset(
    {
        "Safe",
        "Aman",
        "Selamat",
        "ဘေးကင်း",
        "பாதுகாப்பானது",
        "ปลอดภัย",
        "Maingat",
        "An toàn",
    }
)
LANGUAGES = {
    "Burmese": "my",
    "Chinese": "zh",
    "English": "en",
    "Filipino": "tl",
    "Indonesian": "id",
    "Khmer": "km",
    "Lao": "lo",
    "Malay": "ms",
    "Thai": "th",
    "Vietnamese": "vi",
}
# A pattern with slots is drawn at most so many times as often as a plain sentence.
MOST_WEIGHT = 4
WILD_LANGUAGES = ("id", "th", "tl", "vi")


@dataclass(frozen=True)
class Record:
    """A labelled prompt, and the response to it where the record has one."""

    language: str
    prompt: str
    prompt_safe: bool
    response: str = ""
    response_safe: bool = True


def read_seals(path: Path) -> list[Record]:
    """The records of one SEALS file."""
    # The longest prompts exceed the csv module's ordinary limit.
    csv.field_size_limit(10_000_000)
    with path.open(encoding="utf-8", newline="") as lines:
        return [
            Record(LANGUAGES[row["target_language"]], row["prompt"], row["label"] == "safe")
            for row in csv.DictReader(lines)
        ]


def read_json_lines(path: Path) -> list[dict]:
    """The objects of a file with one JSON object a line."""
    # Not splitlines(): a text may hold U+2028, which is no end of a line in JSON.
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line.strip()]


def read_general(folder: Path) -> list[Record]:
    """The English and Tamil pairs of prompt and response."""
    return [
        Record(
            language,
            row["prompts"][0]["prompt_text"],
            row["prompt_label"] in SAFE_WORDS or row["prompt_label"] == "Sensitive",
            row["prompts"][0]["response_text"],
            row["response_label"] in SAFE_WORDS,
        )
        for language in ("en", "ta")
        for row in read_json_lines(folder / f"{language}.jsonl")
    ]


def read_wild(folder: Path) -> list[Record]:
    """The in-the-wild prompts in the native language."""
    return [
        Record(language, row["prompts"][0]["local_prompt"], row["label"] in SAFE_WORDS)
        for language in WILD_LANGUAGES
        for row in read_json_lines(folder / f"{language}.jsonl")
    ]


def bare(text: str) -> str:
    """A text without case, spaces and punctuation, for comparing."""
    return "".join(
        character for character in text.casefold() if unicodedata.category(character)[0] in "LMN"
    )


class Patterns:
    """Sentences of one kind, some with slots such as {dish} that words of a list fill."""

    def __init__(self, patterns: list[str], slots: dict[str, list[str]]) -> None:
        self._patterns = patterns
        self._slots = slots
        self._totals = list(accumulate(min(MOST_WEIGHT, self._count(one)) for one in patterns))

    def _names(self, pattern: str) -> list[str]:
        return [name for name in self._slots if "{" + name + "}" in pattern]

    def _count(self, pattern: str) -> int:
        return math.prod(len(self._slots[name]) for name in self._names(pattern))

    def draw(self, rng: random.Random) -> str:
        """A sentence; a pattern that stands for many is drawn more often."""
        pattern = rng.choices(self._patterns, cum_weights=self._totals)[0]
        for name in self._names(pattern):
            pattern = pattern.replace("{" + name + "}", rng.choice(self._slots[name]))
        return pattern

    def texts(self) -> Iterator[str]:
        """Every sentence that can be drawn."""
        for pattern in self._patterns:
            names = self._names(pattern)
            for words in product(*(self._slots[name] for name in names)):
                text = pattern
                for name, word in zip(names, words, strict=True):
                    text = text.replace("{" + name + "}", word)
                yield text


@dataclass(frozen=True)
class Sentences:
    """The own sentences of one language."""

    language: str
    safe_actions: Patterns
    safe_topics: Patterns
    safe_sentences: Patterns
    safe_replies: Patterns
    refusals: Patterns
    harmful_actions: Patterns
    harmful_sentences: Patterns
    harmful_replies: Patterns

    def texts(self) -> Iterator[str]:
        """Every text of this language."""
        for value in vars(self).values():
            if isinstance(value, Patterns):
                yield from value.texts()


def framed(frames: list[str], slot: str, words: list[str]) -> list[str]:
    """Every word set into every frame."""
    return [frame.replace("{" + slot + "}", word) for frame in frames for word in words]


def read_sentences(folder: Path) -> list[Sentences]:
    """The own sentences of all languages."""
    return [_sentences_of(path) for path in sorted(folder.glob("*.toml"))]


def _sentences_of(path: Path) -> Sentences:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    frames, slots, safe, harmful = (table[key] for key in ("frames", "slots", "safe", "harmful"))

    def patterns(texts: list[str]) -> Patterns:
        return Patterns(texts, slots)

    return Sentences(
        language=table["language"],
        safe_actions=patterns(framed(frames["action"], "action", safe["actions"])),
        safe_topics=patterns(framed(frames["topic"], "topic", safe["topics"])),
        safe_sentences=patterns(safe["sentences"]),
        safe_replies=patterns(safe["replies"]),
        refusals=patterns(safe["refusals"]),
        harmful_actions=patterns(framed(frames["action"], "action", harmful["actions"])),
        harmful_sentences=patterns(harmful["sentences"]),
        harmful_replies=patterns(harmful["replies"]),
    )


def without(records: list[Record], held_out: Iterable[str]) -> list[Record]:
    """The records whose prompt is none of the held-out texts."""
    held = {bare(text) for text in held_out}
    return [record for record in records if bare(record.prompt) not in held]


def check_examples(examples: Iterable[str], training_texts: Iterable[str]) -> None:
    """Raise if an example stands, whole, in any training text."""
    # The form feed keeps an example from matching across two texts.
    everything = "\f".join(bare(text) for text in training_texts)
    for example in examples:
        if bare(example) in everything:
            raise ValueError(f"the example stands in the training data: {example}")
