"""Texts in the eight scripts, and awkward ones: the same in every run."""

from __future__ import annotations

import random
import tomllib
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_SENTENCES = Path(__file__).parents[2] / "training" / "sentences"

# What joins with the colon before it, what a normaliser or a trimmer would touch, what one token
# of a run length more or less would tell, and texts that look like parts of a prompt.
AWKWARD = (
    "",
    " ",
    "  ",
    "   leading blanks",
    "trailing blanks   ",
    "\n",
    "\n\n",
    "\n\n\nleading newlines",
    "trailing newlines\n\n\n",
    " \n \n ",
    "\t",
    "\t\ttabs\t",
    "\r\nWindows\r\nlines\r\n",
    "\rold Mac\r",
    "How do I bake bread?",
    "T",
    "The",
    "tell me",
    ":",
    "::",
    ": colon",
    "://",
    ")",
    "'s",
    "'S it's WE'LL they'Re",
    "1",
    "12",
    "123",
    "1234567890",
    "3.14, 1,000,000 and 10:30",
    "٣٤ ๑๒๓ ௧௨௩ ၁၂၃ ½ ² Ⅷ",
    ".",
    "...!!!???",
    "?!?!?!?!?!?!?!?!",
    "a-b_c/d\\e|f",
    "{prompt} {response} {text} {{}}",
    "%s %d \\n \\x00",
    '"quoted" “curly” ‘single’ «angle»',
    "<b>bold</b> <think>hm</think> </s> <s> [INST]",
    "|im_start| <|im_ <| |> <|>",
    "Human user:again\nAI assistant:again",
    "safe",
    "unsafe",
    " safe unsafe\nsafe\nunsafe",
    "😀",
    "👍🏽👩‍👩‍👧‍👦🇹🇭❤️",
    "text😀text",
    "\u200b zero \u200d width \ufeff",
    "\u00a0no-break\u00a0blank\u3000wide",
    "\u2028line\u2029paragraph\u0085next",
    "\x00nul\x00",
    "\x07\x1b[31mcontrol\x7f",
    "ÀÉÎÕÜ ß ﬁ Ångström",
    "Tiếng Việt: Được không?",
    "สวัสดีครับ ๆ ฯลฯ",
    "မင်္ဂလာပါ။ ဘယ်လိုလဲ။",
    "வணக்கம், எப்படி இருக்கிறீர்கள்?",
    "中文 日本語 한국어 हिन्दी العربية עברית",
    "𝕬𝖓𝖌𝖘𝖙 𠜎 \U0010ffff \ue000",
    "ＦＵＬＬ　ｗｉｄｔｈ",
    "Z̷͖͋a̶̘͝l̵͎͘g̸̰̈́o̷̠̅",
    "▁lower▁eighth▁▁block▁",
    "ĠĊ bytes as letters",
    "<0x0A><0xE0>",
)
_RUNS = (" ", "\n", "\t", ".", "a", "!", "-", "ก", "က", "க", "😀", "1", "\r\n", "ha", "= ", "\n ")
_GLUE = ("", " ", "  ", "\n", "\n\n", "\r\n", "\t", ". ", ", ", ": ", "...", "! ", " - ", "/", "12")
_SCRIPTS = "aZêđ9 .,:\n'ก็ำၾက်း။கெ்😀👍\u200d-_<|>{}▁"


@cache
def sentences() -> tuple[str, ...]:
    """Sentences in the eight languages, the frames filled."""
    found: list[str] = []
    for path in sorted(_SENTENCES.glob("*.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        for slot in ("action", "topic"):
            frames, words = table["frames"][slot], table["safe"][slot + "s"]
            found += (
                frames[at % len(frames)].replace("{" + slot + "}", word)
                for at, word in enumerate(words)
            )
        found += table["safe"]["sentences"] + table["safe"]["replies"]
    return tuple(found)


def composed(text: str) -> bool:
    """Tell whether `text` is in Unicode's composed form, which Qwen's training data was."""
    return unicodedata.is_normalized("NFC", text)


def varied(count: int, *, seed: int = 1) -> Iterator[str]:
    """Give `count` texts: sentences cut, joined, in other cases, in runs, and letters at random."""
    rng = random.Random(seed)
    for _ in range(count):
        kind = rng.random()
        if kind < 0.55:
            yield _joined(rng)
        elif kind < 0.75:
            yield _cut(rng)
        elif kind < 0.85:
            yield rng.choice(_RUNS) * rng.randint(1, 80) + rng.choice(sentences())[:4]
        else:
            yield "".join(rng.choices(_SCRIPTS, k=rng.randint(1, 30)))


def _joined(rng: random.Random) -> str:
    words = [rng.choice(sentences()) for _ in range(rng.randint(1, 3))]
    text = rng.choice(_GLUE).join(words)
    text = rng.choice((str, str, str, str.upper, str.lower, str.title))(text)
    return rng.choice(_GLUE) + text + rng.choice(_GLUE)


def _cut(rng: random.Random) -> str:
    text = rng.choice(sentences())
    start = rng.randrange(len(text))
    return text[start : start + rng.randint(1, 40)] + rng.choice(AWKWARD)


def long_text(words: int, *, seed: int = 1) -> str:
    """Give a text of at least `words` words."""
    rng = random.Random(seed)
    found: list[str] = []
    while len(found) < words:
        found += rng.choice(sentences()).split(" ")
    return " ".join(found)
