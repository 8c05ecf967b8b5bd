"""The token ids of a whole prompt equal those of Hugging Face's tokenizer, as in training.

Hugging Face is given the text as it came, not as it is rendered: what its tokenizer normalises,
rendering has to.

Left out, because there the two must differ: texts with a control token's name, which training
would have let through as a control token (see test_control_tokens_stay_text.py). And for Gemma
texts with U+2581, the sign that stands for a blank inside SentencePiece.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from families.build import GEMMA, LLAMA, QWEN, Kind, listing, tokenizer_file
from families.texts import AWKWARD, composed, long_text, sentences, varied
from families.variants import Models
from gguf import TokenType
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from seaguard_cli.engine.vocabulary import Vocabulary
from seaguard_cli.prompt import Family
from seaguard_cli.verdict import Item

from .helpers import rendered, vocabulary_of, whole

RUNS = (
    " ",
    "\n",
    "\t",
    "\r",
    "\r\n",
    " \n",
    ".",
    ",",
    "!",
    "a",
    "A",
    "1",
    "-",
    "=",
    "ก",
    "က",
    "க",
    "😀",
)


class Both:
    """A model's vocabulary, and the tokenizer that it was made of."""

    def __init__(self, kind: Kind, vocabulary: Vocabulary, family: Family) -> None:
        self.kind = kind
        self.tokenizer = Tokenizer.from_file(str(tokenizer_file(kind)))
        listed = listing(kind)
        self._vocabulary = vocabulary
        self._family = family
        self._controls = listed.of_type(TokenType.CONTROL, TokenType.UNKNOWN)

    def comparable(self, *texts: str) -> bool:
        """Whether both should give the same ids."""
        if any(control in text for control in self._controls for text in texts):
            return False
        return self.kind is not GEMMA or not any("▁" in text for text in texts)

    def require_equal(self, item: Item) -> None:
        """Compare the ids of one item's prompt."""
        given = whole(rendered(item, replace(self._family, normalise=None)))
        wanted = self.tokenizer.encode(given, add_special_tokens=False).ids
        assert self._vocabulary.encode(rendered(item, self._family)) == wanted, item

    def require_all_equal(self, texts: Iterable[str]) -> None:
        """Compare each text as a prompt, and as both halves of a pair."""
        for text in texts:
            if self.comparable(text):
                self.require_equal(Item(text))
                self.require_equal(Item(text, text))


@pytest.fixture(scope="module")
def both(kind: Kind, models: Models) -> Iterator[Both]:
    with vocabulary_of(models[kind.name]) as (vocabulary, family):
        yield Both(kind, vocabulary, family)


def test_sentences_of_all_eight_languages(both: Both) -> None:
    assert len(sentences()) > 500
    both.require_all_equal(sentences())


def test_awkward_texts(both: Both) -> None:
    assert sum(map(both.comparable, AWKWARD)) > len(AWKWARD) - 5
    both.require_all_equal(AWKWARD)


def test_texts_cut_and_joined_in_every_way(both: Both) -> None:
    both.require_all_equal(varied(1200))


def test_every_text_joins_with_the_colon_before_it(both: Both) -> None:
    firsts = sorted({text[0] for text in sentences()} | {chr(code) for code in range(32, 127)})
    both.require_all_equal(f"{first}{rest}" for first in firsts for rest in ("", "o", " x", "\n"))


@pytest.mark.parametrize("run", RUNS)
def test_runs_of_any_length(both: Both, run: str) -> None:
    for length in (1, 2, 3, 4, 7, 12, 13, 25, 40, 129, 1000):
        both.require_all_equal(
            [run * length, f"x{run * length}", f"{run * length}x", f"x{run * length}x{run * 3}"]
        )


def test_very_long_texts(both: Both) -> None:
    both.require_all_equal([long_text(3000), "x" * 5000, "กขค" * 2000, "1" * 3000])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(text=st.text(max_size=60), response=st.none() | st.text(max_size=30))
@example(text=":T", response=None)
@example(text="How", response=":How")
def test_any_text(both: Both, text: str, response: str | None) -> None:
    assume(both.comparable(text, response or ""))
    both.require_equal(Item(text, response))


_LETTERS = "aBéơữđ 19:.\n\r\t'-_<>|/็กำကျွက்கொெ😀\u200d\u0301"


@settings(max_examples=150, deadline=None, derandomize=True)
@given(text=st.text(alphabet=_LETTERS, max_size=60))
def test_any_mixture_of_the_eight_scripts(both: Both, text: str) -> None:
    assume(both.comparable(text))
    both.require_equal(Item(text))


@pytest.mark.parametrize("kind", [QWEN, LLAMA], ids=lambda kind: kind.name)
def test_the_colon_does_join_with_what_follows(kind: Kind) -> None:
    # Else the comparisons above could not tell whether instruction and text are one string.
    tokenizer = Tokenizer.from_file(str(tokenizer_file(kind)))
    together = tokenizer.encode("Human user:What").ids
    assert together != tokenizer.encode("Human user:").ids + tokenizer.encode("What").ids


def test_a_word_without_merges_is_one_token_for_llama(models: Models) -> None:
    with vocabulary_of(models["llama"]) as (vocabulary, _):
        assert vocabulary.single_word(" barangay") is not None


@pytest.mark.parametrize("text", ["Tie\u0302\u0301ng Vie\u0323\u0302t", "\u0b95\u0bc6\u0bbe"])
def test_text_that_is_not_composed_is_composed_for_qwen_and_kept_for_the_others(
    both: Both, text: str
) -> None:
    assert not composed(text)
    both.require_equal(Item(text))
    both.require_equal(Item("ask", text))
