from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.vision.faces.ages import FOUR_OF_FIVE, MEAN_ERROR, age_range
from services.vision.faces.traits import logistic, trait


@given(st.floats(0, 150))
def test_a_range_is_whole_years_around_the_age_within_bounds(age: float) -> None:
    told = age_range(age)
    assert 0 <= told.low <= told.high <= 100
    if age <= 100:
        assert told.low <= age <= told.high
    if 10 <= age <= 90:
        assert told.low <= age - FOUR_OF_FIVE * MEAN_ERROR and told.high >= age + FOUR_OF_FIVE * MEAN_ERROR
        assert told.high - told.low <= 2 * FOUR_OF_FIVE * MEAN_ERROR + 2


@given(st.floats(0, 1))
def test_a_trait_is_as_sure_as_its_likelier_value(probability: float) -> None:
    told = trait(probability)
    assert told.value == (probability >= 0.5)
    assert told.confidence == pytest.approx(100 * max(probability, 1 - probability))


@given(st.floats(allow_nan=False))
def test_the_logistic_is_a_probability(x: float) -> None:
    assert 0 <= logistic(x) <= 1
    assert logistic(x) + logistic(-x) == pytest.approx(1)
