"""The language of doses."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.language.medical import doses


def told(text: str) -> list[tuple[str, str]]:
    return [(text[word.begin : word.end], word.type) for word in doses.find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 tab PO BID x 10d", [("1 tab", "DOSAGE"), ("PO", "ROUTE_OR_MODE"), ("BID", "FREQUENCY"), ("x 10d", "DURATION")]),
        ("20 mg daily", [("20 mg", "DOSAGE"), ("daily", "FREQUENCY")]),
        ("500 mg tablets", [("500 mg", "STRENGTH"), ("tablets", "FORM")]),
        ("0.5 mg, 2 tablets at bedtime", [("0.5 mg", "STRENGTH"), ("2 tablets", "DOSAGE"), ("at bedtime", "FREQUENCY")]),
        ("q6h prn", [("q6h prn", "FREQUENCY")]),
        ("every 4 to 6 hours as needed", [("every 4 to 6 hours as needed", "FREQUENCY")]),
        ("100 mL/hr", [("100 mL/hr", "RATE")]),
        ("by mouth twice a day for two weeks", [("by mouth", "ROUTE_OR_MODE"), ("twice a day", "FREQUENCY"), ("for two weeks", "DURATION")]),
        ("1,000 mg IV", [("1,000 mg", "DOSAGE"), ("IV", "ROUTE_OR_MODE")]),
    ],
)  # fmt: skip
def test_prescriptions(text: str, expected: list[tuple[str, str]]) -> None:
    assert told(text) == expected


def test_ordinary_words_are_no_doses() -> None:
    assert told("He sat once by the door in oral exams; the solution was an ER visit.") == []


@given(st.text(max_size=300))
def test_words_of_doses_are_in_order_and_apart(text: str) -> None:
    found = doses.find(text)
    assert all(0 <= word.begin < word.end <= len(text) for word in found)
    assert all(a.end <= b.begin for a, b in itertools.pairwise(found))


def test_a_long_line_of_digits_takes_no_time() -> None:
    """Linear patterns: this would not end if one backtracked over the whole line."""
    assert doses.find("1" * 20_000) == []
    assert doses.find("1/" * 10_000) == []
