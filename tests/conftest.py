"""Fixtures that every test may ask for."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from families.build import KINDS, Kind
from families.reference import Reference
from families.variants import Models

from seaguard_cli.engine.library import llama

# A run in the background is started with Ctrl-C ignored, and every process it starts would inherit
# that: those that are interrupted by a test would go on for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)

# More would wait for one another on a busy machine; the number does not move a score.
THREADS = 1


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """Small models with random weights, by name: see `families/variants.py`."""
    return Models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session", params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each of the three families."""
    return KINDS[request.param]


@pytest.fixture(scope="session")
def reference(models: Models, kind: Kind) -> Iterator[Reference]:
    """What the family's model should say."""
    # seaguard catches llama.cpp's log; without it every load would print a page.
    llama()
    with Reference(models[kind.name], kind.name, threads=THREADS) as opened:
        yield opened


@pytest.fixture(scope="session")
def threads() -> int:
    """How many threads a test should ask for, so that scores compare to the reference's."""
    return THREADS
