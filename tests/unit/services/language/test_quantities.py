from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.language.quantities import dates_and_quantities


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We met on 29 March 2017 in Rome.", [("29 March 2017", "DATE")]),
        ("It opens Monday, July 4, 2022.", [("Monday, July 4, 2022", "DATE")]),
        ("born in 1984.", [("1984", "DATE")]),
        ("It will rain tomorrow.", [("tomorrow", "DATE")]),
        ("three weeks ago", [("three weeks ago", "DATE")]),
        ("since the 1990s", [("the 1990s", "DATE")]),
        ("It costs $1,299.50.", [("$1,299.50", "QUANTITY")]),
        ("about 25 percent of 3 million people", [("about 25 percent", "QUANTITY"), ("3 million people", "QUANTITY")]),
        ("a 15 km run", [("15 km", "QUANTITY")]),
        ("Last Monday we met, not on Tuesday.", [("Last Monday", "DATE"), ("Tuesday", "DATE")]),
        ("on Christmas Eve", [("Christmas Eve", "DATE")]),
        ("nothing here", []),
        ("You may march.", []),
    ],
)
def test_dates_and_quantities(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(text[s.begin : s.end], s.type) for s in dates_and_quantities(text)] == expected


@given(st.text(alphabet="0123456789 .,/:-$%aJune", max_size=120))
def test_in_order_and_disjoint(text: str) -> None:
    spans = dates_and_quantities(text)
    assert all(a.end <= b.begin for a, b in itertools.pairwise(spans))
    assert all(0 <= s.begin < s.end <= len(text) and 0 < s.score <= 1 for s in spans)


@pytest.mark.parametrize("text", ["1" * 100_000, "1," * 50_000, "one " * 25_000, "5 million " * 10_000])
def test_long_runs_finish(text: str) -> None:
    assert isinstance(dates_and_quantities(text), list)
