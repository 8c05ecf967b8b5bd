"""The verdict tokens, and llama.cpp's own word that the grammar admits them."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass

from seaguard_cli.engine.library import llama
from seaguard_cli.engine.vocabulary import Vocabulary
from seaguard_cli.errors import NotAGuard
from seaguard_cli.prompt import VerdictWords


@dataclass(frozen=True, slots=True)
class VerdictTokens:
    """The ids of the two verdicts, and the words that they are."""

    safe: int
    unsafe: int
    words: VerdictWords


def find_verdicts(
    vocabulary: Vocabulary, spellings: Sequence[VerdictWords], *, path: str
) -> VerdictTokens:
    """Give the tokens of the first spelling whose words are one token each, and differ.

    Raises NotAGuard when there is none.
    """
    for words in spellings:
        safe = vocabulary.single_word(words.safe)
        unsafe = vocabulary.single_word(words.unsafe)
        if safe is not None and unsafe is not None and safe != unsafe:
            return VerdictTokens(safe, unsafe, words)
    first = spellings[0]
    word = first.safe if vocabulary.single_word(first.safe) is None else first.unsafe
    raise NotAGuard(path=path, problem=f"the verdict {word!r} is not one token of its vocabulary")


def require_admitted(handle: object, verdicts: VerdictTokens, *, path: str) -> None:
    """Have llama.cpp compile the grammar and apply it at its start to the two verdict tokens.

    `handle` is llama.cpp's vocabulary. Raises NotAGuard when the grammar does not compile or
    keeps one of the two out. It also admits shorter prefixes of the words; no score has them.
    """
    lib = llama()
    grammar = f"root ::= {_quoted(verdicts.words.safe)} | {_quoted(verdicts.words.unsafe)}"
    sampler = lib.llama_sampler_init_grammar(handle, grammar.encode(), b"root")
    if not sampler:
        raise NotAGuard(path=path, problem="llama.cpp cannot compile the grammar of its verdicts")
    try:
        tokens = (lib.llama_token_data * 2)()
        for slot, token in enumerate((verdicts.safe, verdicts.unsafe)):
            tokens[slot] = lib.llama_token_data(id=token, logit=0.0, p=0.0)
        array = lib.llama_token_data_array(data=tokens, size=2, selected=-1, sorted=False)
        lib.llama_sampler_apply(sampler, ctypes.byref(array))
        admitted = {array.data[i].id for i in range(array.size) if array.data[i].logit == 0.0}
    finally:
        lib.llama_sampler_free(sampler)
    if admitted != {verdicts.safe, verdicts.unsafe}:
        raise NotAGuard(path=path, problem="its grammar does not admit both verdict tokens")


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
