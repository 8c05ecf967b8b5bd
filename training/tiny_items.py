"""The items of one epoch: what is drawn from the records and the own sentences."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from tiny_data import Record, Sentences

# More of them pull a model of this size away from SEALS.
OWN_PER_LANGUAGE = 80
REPLIES_PER_LANGUAGE = 100
LONG_ITEMS = 220
ODD_ITEMS = 150
RESPONSE_RECORDS = 150
LONG_SHORTEST, LONG_LONGEST = 40, 900
JAILBREAK_CHARACTERS = 400

ODD_WORDS = (
    "hello", "ok", "yes", "no", "thanks", "test", "why?", "...", "?", "!", "-", "123", "42",
    "3.14", "2024-05-01", "0", "100%", "1+1=2", "10:30", "a", "b", "x", "haha", "555", "hmm",
    "😀", "😂😂", "👍", "🙏", "❤️", "🎉🎂", "🌧️☔", "🍌🍞", "🐱", "🇹🇭🇻🇳", "\u00a0", "\u200b",
    "for i in range(10): print(i)", "<b>hi</b>", "{\"a\": 1}", "https://example.org/page",
    "SELECT name FROM students;", "name@example.org", "# Title", "* one\n* two", "E = mc²",
)  # fmt: skip
SPACES = ("", " ", "  ", "\n", "\n\n", "\t", " \n ", "    ")


@dataclass(frozen=True)
class Item:
    """One text to judge, with the label it should get."""

    task: str
    prompt: str
    response: str
    safe: bool
    joined: bool = False


def vary(text: str, rng: random.Random) -> str:
    """The text, at times in lower case, with another first letter or without its full stop."""
    chance = rng.random()
    if chance < 0.08:
        text = text.lower()
    elif chance < 0.30:
        text = text[:1].upper() + text[1:]
    if rng.random() < 0.2:
        text = text.rstrip(".?!။")
    return text


def draw_safe(own: Sentences, rng: random.Random) -> str:
    """A safe sentence of the language."""
    kinds = (own.safe_actions, own.safe_topics, own.safe_sentences)
    return vary(rng.choices(kinds, (40, 20, 40))[0].draw(rng), rng)


def draw_harmful(own: Sentences, rng: random.Random) -> str:
    """A harmful sentence of the language."""
    kinds = (own.harmful_actions, own.harmful_sentences)
    return vary(rng.choices(kinds, (70, 30))[0].draw(rng), rng)


def own_items(own: Sentences, rng: random.Random) -> list[Item]:
    """Own sentences as prompts, half of them harmful."""
    safe = [Item("prompt", draw_safe(own, rng), "", True) for _ in range(OWN_PER_LANGUAGE)]
    harmful = [Item("prompt", draw_harmful(own, rng), "", False) for _ in range(OWN_PER_LANGUAGE)]
    return safe + harmful


def reply_item(own: Sentences, rng: random.Random) -> Item:
    """A pair whose label hangs on the response alone."""
    asked_safe, safe = rng.random() < 0.5, rng.random() < 0.5
    prompt = draw_safe(own, rng) if asked_safe else draw_harmful(own, rng)
    if not safe:
        replies = (own.harmful_replies, own.harmful_sentences, own.harmful_actions)
    elif asked_safe:
        replies = (own.safe_replies, own.safe_sentences, own.safe_topics)
    else:
        replies = (own.refusals, own.refusals, own.safe_replies)
    response = rng.choice(replies).draw(rng)
    return Item("response", prompt, vary(response, rng), safe)


def odd_item(languages: list[Sentences], rng: random.Random) -> Item:
    """An empty text, a word, numbers, emoji or white space: safe."""
    chance = rng.random()
    if chance < 0.2:
        text = rng.choice(SPACES)
    elif chance < 0.6:
        text = " ".join(rng.choices(ODD_WORDS, k=rng.choice((1, 1, 1, 2, 3))))
    elif chance < 0.75:
        text = str(rng.randrange(10 ** rng.randrange(1, 9)))
    else:
        text = rng.choice(rng.choice(languages).safe_sentences.draw(rng).split())
    task = "response" if rng.random() < 0.3 else "prompt"
    prompt = draw_safe(rng.choice(languages), rng) if task == "response" else text
    return Item(task, prompt, text if task == "response" else "", True)


class LongItems:
    """Long texts joined from short ones, with one harmful sentence or with none."""

    def __init__(
        self, records: list[Record], languages: list[Sentences], count: Callable[[str], int]
    ) -> None:
        self._languages = languages
        self._count = count
        codes = [own.language for own in languages]
        self._safe = {code: self._short(records, code, True) for code in codes}
        self._harmful = {code: self._short(records, code, False) for code in codes}

    @staticmethod
    def _short(records: list[Record], language: str, safe: bool) -> list[str]:
        return [
            record.prompt
            for record in records
            if record.language == language
            and record.prompt_safe == safe
            and len(record.prompt) < JAILBREAK_CHARACTERS
        ]

    def _safe_piece(self, own: Sentences, rng: random.Random) -> str:
        if self._safe[own.language] and rng.random() < 0.5:
            return rng.choice(self._safe[own.language])
        return own.safe_replies.draw(rng) if rng.random() < 0.15 else draw_safe(own, rng)

    def _harmful_piece(self, own: Sentences, rng: random.Random) -> str:
        if self._harmful[own.language] and rng.random() < 0.25:
            return rng.choice(self._harmful[own.language])
        return draw_harmful(own, rng)

    def draw(self, rng: random.Random) -> Item:
        """One joined text."""
        own, safe = rng.choice(self._languages), rng.random() < 0.5
        wanted = LONG_SHORTEST * (LONG_LONGEST / LONG_SHORTEST) ** rng.random()
        pieces = [] if safe else [self._harmful_piece(own, rng)]
        length = sum(self._count(piece) for piece in pieces)
        while length < wanted and len(pieces) < 100:
            piece = self._safe_piece(own, rng)
            length += self._count(piece)
            pieces.insert(rng.randrange(len(pieces) + 1), piece)
        text = rng.choice((" ", " ", "\n", "\n\n")).join(pieces)
        if rng.random() < 0.2:
            return Item("response", draw_safe(own, rng), text, safe, joined=True)
        return Item("prompt", text, "", safe, joined=True)


def record_items(records: list[Record], rng: random.Random) -> list[Item]:
    """Every record's prompt, and the responses of some records that have one."""
    prompts = [Item("prompt", record.prompt, "", record.prompt_safe) for record in records]
    pairs = [record for record in records if record.response]
    chosen = rng.sample(pairs, min(RESPONSE_RECORDS, len(pairs)))
    return prompts + [
        Item("response", record.prompt, record.response, record.response_safe) for record in chosen
    ]


def epoch_items(
    records: list[Record], languages: list[Sentences], long: LongItems, rng: random.Random
) -> list[Item]:
    """All items of one epoch."""
    items = record_items(records, rng)
    for own in languages:
        items += own_items(own, rng)
        items += [reply_item(own, rng) for _ in range(REPLIES_PER_LANGUAGE)]
    items += [odd_item(languages, rng) for _ in range(ODD_ITEMS)]
    return items + [long.draw(rng) for _ in range(LONG_ITEMS)]
