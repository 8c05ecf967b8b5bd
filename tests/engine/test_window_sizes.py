"""How long a prompt may be, and that a context is no larger than a prompt needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from families.build import QWEN, Shape, listing, random_weights, write_gguf
from families.reference import Reference
from families.texts import AWKWARD, sentences
from families.variants import Models

from seaguard_cli import Guard
from seaguard_cli.engine import EngineOptions
from seaguard_cli.engine.llamacpp import opened_vocabulary
from seaguard_cli.engine.session import Context
from seaguard_cli.errors import FailureCode, ItemFailed, WindowTooLarge
from seaguard_cli.verdict import Item, Score

from .helpers import CATALOGUE, alone, asked, item_of, lone, opened_engine, packed


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was trained on 8,192 tokens."""
    listed, shape = listing(QWEN), Shape(context=8192)
    path = tmp_path_factory.mktemp("roomy") / "roomy.gguf"
    write_gguf(path, QWEN, listed, random_weights(QWEN, listed, shape), shape)
    return path


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the contexts that are opened, in order."""
    opened: list[int] = []
    original = Context.__init__

    def noting(self: Context, *arguments: object, ctx: int, **others: object) -> None:
        opened.append(ctx)
        original(self, *arguments, ctx=ctx, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(Context, "__init__", noting)
    return opened


def test_tokens_are_counted_as_they_are_scored(models: Models, threads: int) -> None:
    with opened_engine(models["qwen"], threads=threads) as engine:
        for text in AWKWARD:
            for item in (Item(text), Item(text, text)):
                prompt = asked(engine, item)
                assert engine.count(prompt) == len(engine.vocabulary.encode(prompt))


def test_a_lone_surrogate_cannot_be_counted(models: Models, threads: int) -> None:
    with (
        opened_engine(models["qwen"], threads=threads) as engine,
        pytest.raises(ItemFailed) as raised,
    ):
        engine.count(asked(engine, Item("half \ud83d of a pair")))
    assert raised.value.failure.code == FailureCode.NOT_TEXT


def test_short_texts_open_small_contexts_however_long_others_may_be(
    roomy: Path, threads: int, sizes: list[int]
) -> None:
    with opened_engine(roomy, threads=threads, max_window=8192) as engine:
        packed(engine, [Item(text) for text in sentences()[::9]])
        alone(engine, asked(engine, Item("Hi")))
    assert sizes
    assert max(sizes) <= 2048


def test_a_long_text_opens_one_that_is_large_enough_and_little_larger(
    roomy: Path, threads: int, sizes: list[int], models: Models
) -> None:
    with Reference(models["qwen"], "qwen", threads=threads) as qwen:
        long, longer = item_of(qwen, 3000), item_of(qwen, 8192)
    with opened_engine(roomy, threads=threads, max_window=8192) as engine:
        for item, largest in ((long, 3072), (longer, 8192)):
            assert isinstance(alone(engine, asked(engine, item)), Score)
            assert sizes[-1] == largest


def test_windows_of_the_usual_size_need_no_more_than_one_takes(
    roomy: Path, threads: int, sizes: list[int]
) -> None:
    text = " ".join(sentences())
    with Guard(str(roomy), threads=threads) as guard:
        for part in (400, 4000, 9000, len(text)):
            guard.check(text[:part])
    assert max(sizes) == 2048


def test_a_context_grows_to_what_a_window_takes_and_no_further(
    roomy: Path, threads: int, sizes: list[int], models: Models
) -> None:
    with Reference(models["qwen"], "qwen", threads=threads) as qwen:
        items = [item_of(qwen, tokens) for tokens in (500, 600, 1100, 1200, 1600)]
    for some, opened in ((items, [512, 1024, 2048]), (items[3:], [1280, 2048])):
        sizes.clear()
        with opened_engine(roomy, threads=threads) as engine:
            for item in some:
                alone(engine, asked(engine, item))
        assert sizes == opened


def test_of_the_two_contexts_that_a_long_text_may_take_one_is_open(
    roomy: Path, threads: int, models: Models
) -> None:
    with Reference(models["qwen"], "qwen", threads=threads) as qwen:
        short, long, longest = (item_of(qwen, tokens) for tokens in (100, 1000, 1800))
    with opened_engine(roomy, threads=threads) as engine:

        def is_open() -> list[bool]:
            return [one.open_tokens > 0 for one in (engine._packed, engine._exact)]

        for judge, items, wanted in (
            (packed, [short, short], [True, False]),
            (packed, [short], [True, True]),
            (packed, [long], [True, False]),
            (packed, [short], [True, True]),
            (lone, long, [False, True]),
            (packed, [short, long], [True, False]),
            (packed, [longest], [True, False]),
            (packed, [short], [False, True]),
        ):
            judge(engine, items)  # type: ignore[operator]
            assert is_open() == wanted


def test_a_window_longer_than_the_model_was_trained_on_is_refused(
    roomy: Path, models: Models, threads: int
) -> None:
    with opened_engine(roomy, threads=threads, max_window=8192) as engine:
        assert engine.window == 8192
    for path, trained in ((roomy, 8192), (models["short-context"], 256)):
        with pytest.raises(WindowTooLarge) as raised, Guard(str(path), max_window=9000) as guard:
            guard.check("hello")
        assert raised.value.facts == {"window": 9000, "trained": trained, "model": path.stem}


def test_the_usual_window_is_as_long_as_the_model_lets_it_be(models: Models, threads: int) -> None:
    with opened_engine(models["short-context"], threads=threads) as engine:
        assert engine.window == 256
    with Guard(str(models["short-context"]), threads=threads) as guard:
        assert guard.check("one word after another " * 200).windows > 10


@pytest.mark.parametrize(("ctx", "window"), [(None, 256), (128, 128)])
def test_what_is_shown_has_the_windows_of_what_is_judged(
    models: Models, ctx: int | None, window: int
) -> None:
    families = CATALOGUE.families
    options = EngineOptions(ctx=ctx)
    with opened_vocabulary(
        models["short-context"], options, families=families, family=None
    ) as opened:
        assert opened.window == window
