from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.translation.terms import TermIndex

INDEX = TermIndex({"Amazon": "A", "Amazon Family": "AF", "C++": "C", "x-ray": "X", "東京": "Tokyo", ".NET": "dotnet"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Amazon Family and Amazon.", ["AF", "A"]),
        ("amazon Amazonian preAmazon Amazon_x", []),
        ("Amazon Familys", ["A"]),
        ("(C++) C++11 x-ray x-rays", ["C", "C", "X"]),
        ("大東京都", ["Tokyo"]),
        ("use .NET now", ["dotnet"]),
        ("", []),
    ],
)
def test_matches(text: str, expected: list[str]) -> None:
    assert [match.target for match in INDEX.matches(text)] == expected


def test_none() -> None:
    assert not TermIndex({})
    assert list(TermIndex({}).matches("Amazon")) == []


@given(st.text(alphabet="Amazon Fily+C-xr東京.", max_size=60))
def test_matches_are_in_order_and_are_the_text(text: str) -> None:
    position = 0
    for match in INDEX.matches(text):
        assert match.begin >= position
        assert text[match.begin : match.end] == match.source
        position = match.end
