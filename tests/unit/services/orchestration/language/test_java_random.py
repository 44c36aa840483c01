from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orchestration.language.java_random import JavaRandom


@pytest.mark.parametrize(
    ("seed", "number"),
    [(0, 0.730967787376657), (1, 0.7308781907032909), (7, 0.7306990420600421), (42, 0.7275636800328681)],
)
def test_doubles_are_those_of_java(seed: int, number: float) -> None:
    assert JavaRandom(seed).next_double() == number


def test_integers_are_those_of_java() -> None:
    source = JavaRandom(42)
    assert [source.next_below(10) for _ in range(5)] == [0, 3, 8, 4, 0]


@given(st.integers(-(2**63), 2**63), st.integers(1, 2**31 - 1))
def test_numbers_lie_below_the_bound(seed: int, bound: int) -> None:
    source = JavaRandom(seed)
    assert all(0 <= source.next_below(bound) < bound for _ in range(5))
    assert 0 <= source.next_double() < 1
