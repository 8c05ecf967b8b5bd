"""llama.cpp's own grammar must admit the two verdict tokens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from families.variants import Models

from seaguard_cli.engine import Cancellation, EngineOptions
from seaguard_cli.engine.facts import Machine
from seaguard_cli.engine.grammar import VerdictTokens, find_verdicts, require_admitted
from seaguard_cli.engine.plan import make_plan
from seaguard_cli.engine.session import LoadedModel
from seaguard_cli.engine.vocabulary import Vocabulary
from seaguard_cli.errors import NotAGuard
from seaguard_cli.prompt import VerdictWords

WORDS = VerdictWords("safe", "unsafe")


@pytest.fixture(scope="module")
def model(models: Models) -> Iterator[LoadedModel]:
    plan = make_plan(EngineOptions("cpu"), Machine(1))
    loaded = LoadedModel(models["qwen"], plan, Cancellation(), vocabulary_only=True)
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def vocabulary(model: LoadedModel) -> Vocabulary:
    return Vocabulary(model.vocabulary)


def token(vocabulary: Vocabulary, text: str) -> int:
    (found,) = vocabulary.tokenise(text, special=False)
    return found


def test_the_verdict_tokens_are_the_whole_words(vocabulary: Vocabulary) -> None:
    found = find_verdicts(vocabulary, [WORDS], path="a path")
    assert vocabulary.piece(found.safe) == b"safe"
    assert vocabulary.piece(found.unsafe) == b"unsafe"
    assert found.words == WORDS


def test_the_first_spelling_that_is_one_token_each_is_taken(vocabulary: Vocabulary) -> None:
    spellings = [VerdictWords("harmless", "harmful"), WORDS, VerdictWords("a", "b")]
    assert find_verdicts(vocabulary, spellings, path="a path").words == WORDS


@pytest.mark.parametrize(
    ("safe", "unsafe", "named"),
    [
        ("safe", "unsafe and worse", "unsafe and worse"),
        ("quite safe", "unsafe", "quite safe"),
        ("quite safe", "unsafe and worse", "quite safe"),
        ("", "unsafe", ""),
    ],
)
def test_a_word_that_is_not_one_token_is_named(
    vocabulary: Vocabulary, safe: str, unsafe: str, named: str
) -> None:
    with pytest.raises(NotAGuard) as raised:
        find_verdicts(vocabulary, [VerdictWords(safe, unsafe)], path="a path")
    assert repr(named) in str(raised.value.facts["problem"])
    assert raised.value.facts["path"] == "a path"


def test_two_verdicts_must_differ(vocabulary: Vocabulary) -> None:
    with pytest.raises(NotAGuard):
        find_verdicts(vocabulary, [VerdictWords("safe", "safe")], path="a path")


def test_a_control_token_is_no_verdict(vocabulary: Vocabulary) -> None:
    with pytest.raises(NotAGuard):
        find_verdicts(vocabulary, [VerdictWords("<|im_end|>", "unsafe")], path="a path")


def test_the_grammar_of_both_words_admits_both_tokens(
    model: LoadedModel, vocabulary: Vocabulary
) -> None:
    require_admitted(
        model.vocabulary, find_verdicts(vocabulary, [WORDS], path="a path"), path="a path"
    )


@pytest.mark.parametrize(("safe", "unsafe"), [("safe", "a"), ("a", "unsafe"), ("a", "b")])
def test_a_token_that_begins_neither_word_is_not_admitted(
    model: LoadedModel, vocabulary: Vocabulary, safe: str, unsafe: str
) -> None:
    tokens = VerdictTokens(token(vocabulary, safe), token(vocabulary, unsafe), WORDS)
    with pytest.raises(NotAGuard, match="admit"):
        require_admitted(model.vocabulary, tokens, path="a path")


@pytest.mark.parametrize(("safe", "unsafe"), [('"', "\\"), ('"', "unsafe"), (" safe", "]")])
def test_words_with_quotes_and_backslashes_are_words_still(
    model: LoadedModel, vocabulary: Vocabulary, safe: str, unsafe: str
) -> None:
    words = VerdictWords(safe, unsafe)
    tokens = VerdictTokens(token(vocabulary, safe), token(vocabulary, unsafe), words)
    require_admitted(model.vocabulary, tokens, path="a path")


def test_a_grammar_that_does_not_compile_makes_no_guard(
    model: LoadedModel, vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seaguard_cli.engine.grammar._quoted", lambda word: f"({word}")
    tokens = find_verdicts(vocabulary, [WORDS], path="a path")
    with pytest.raises(NotAGuard, match="compile"):
        require_admitted(model.vocabulary, tokens, path="a path")
