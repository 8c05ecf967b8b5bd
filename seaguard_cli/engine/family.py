"""Which family's wrapper a model takes, told from the control tokens in its vocabulary."""

from __future__ import annotations

from collections.abc import Mapping

from seaguard_cli.engine.vocabulary import Vocabulary
from seaguard_cli.errors import FamilyUnclear, NotAGuard
from seaguard_cli.prompt import Family


def choose_family(
    vocabulary: Vocabulary, families: Mapping[str, Family], asked: str | None, *, path: str
) -> Family:
    """Give the family called `asked`, or the one whose marker the vocabulary has.

    Raises FamilyUnclear when none or several fit, and NotAGuard when the vocabulary lacks a
    control token that the wrapper needs.
    """
    if asked is None:
        found = [
            family
            for family in families.values()
            if vocabulary.single_control(family.marker) is not None
        ]
        if len(found) != 1:
            raise FamilyUnclear(
                path=path,
                found=" and ".join(family.name for family in found),
                known=", ".join(families),
            )
        family = found[0]
    else:
        family = families[asked]
    for token in family.control:
        if vocabulary.single_control(token) is None:
            raise NotAGuard(
                path=path,
                problem=f"{token!r}, which the {family.name} wrapper needs, "
                "is not one token of its vocabulary",
            )
    return family
