"""Filters by name and by category, all at once."""

from __future__ import annotations

import pytest

from services.vision.labels.filters import LabelFilters
from services.vision.labels.taxonomy import Concept
from shared import errors

PHONE = Concept("Mobile Phone", ("Phone",), ("Cell Phone",), ("Technology and Computing",))
DOG = Concept("Dog", ("Animal",), (), ("Animals and Pets",))
TIE = Concept("Tie", (), (), ("Apparel and Accessories", "Everyday Objects"))


def admitted(filters: LabelFilters) -> list[str]:
    return [concept.name for concept in (PHONE, DOG, TIE) if filters.admits(concept)]


def test_without_filters_everything_passes() -> None:
    assert admitted(LabelFilters()) == ["Mobile Phone", "Dog", "Tie"]


def test_inclusion_keeps_the_named_ones_capitals_aside() -> None:
    assert admitted(LabelFilters(["dOG", "cell phone"])) == ["Mobile Phone", "Dog"]


def test_exclusion_drops_the_named_ones() -> None:
    assert admitted(LabelFilters((), ["DOG"])) == ["Mobile Phone", "Tie"]


def test_categories_include_and_exclude() -> None:
    assert admitted(LabelFilters((), (), ["animals and pets", "everyday objects"])) == ["Dog", "Tie"]
    assert admitted(LabelFilters((), (), (), ["Everyday Objects"])) == ["Mobile Phone", "Dog"]


def test_all_four_hold_at_once() -> None:
    filters = LabelFilters(
        ["Dog", "Tie"], ["Mobile Phone"], ["Animals and Pets", "Everyday Objects"], ["Apparel and Accessories"]
    )
    assert admitted(filters) == ["Dog"]


@pytest.mark.parametrize("filters", [(["Dog"], ["dog "]), ((), (), ["Sports"], ["sports"])])
def test_a_name_on_both_sides_is_refused(filters: tuple[list[str], ...]) -> None:
    with pytest.raises(errors.InvalidArgument, match="not in both"):
        LabelFilters(*filters)
