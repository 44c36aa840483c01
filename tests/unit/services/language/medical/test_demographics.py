"""Genders, races and ethnicities."""

from __future__ import annotations

import collections
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.quality import medical_rules
from services.language.medical.demographics import ethnicities, genders
from services.language.medical.detection import findings
from services.language.medical.findings import BEHAVIOUR, CONDITION, Entity


def test_a_gender_is_no_part_of_a_condition() -> None:
    text = "A man with red man syndrome."
    condition = Entity(text.index("red"), text.index("."), CONDITION, "DX_NAME", 1.0)
    assert [e.begin for e in genders(text, [condition])] == [2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("An African American male.", ["African American"]),
        ("A 45-year-old Caucasian man.", ["Caucasian"]),
        ("White, 45-year-old man.", ["White"]),
        ("Race: Asian", ["Asian"]),
        ("Ethnicity: not Hispanic or Latino", ["not Hispanic or Latino"]),
        ("White count 12, black stool, Asian flu, white matter.", []),
        ("A Korean-speaking man.", []),
    ],
)
def test_races_and_ethnicities(text: str, expected: list[str]) -> None:
    assert [text[e.begin : e.end] for e in ethnicities(text, [])] == expected


@pytest.mark.parametrize(
    ("text", "gender", "people"),
    [
        ("72 yo WM with CHF", "M", "W"),
        ("45 y/o BF c/o cough", "F", "B"),
        ("60 YO M, smoker", "M", None),
        ("34F presents with pain", "F", None),
        ("HPI: 58M s/p MI", "M", None),
        ("Fever of 102F with chills", None, None),
        ("Seen by 2 MD", None, None),
        ("3 yo MRI", None, None),
    ],
)
def test_gender_and_race_as_clinicians_note_them(text: str, gender: str | None, people: str | None) -> None:
    assert [text[e.begin : e.end] for e in genders(text, [])] == ([gender] if gender else [])
    assert [text[e.begin : e.end] for e in ethnicities(text, [])] == ([people] if people else [])


def test_both_stand_among_the_findings() -> None:
    text = "A Hispanic woman."
    told = [(e.category, e.type, text[e.begin : e.end]) for e in findings(text, []).entities]
    assert told == [(BEHAVIOUR, "RACE_ETHNICITY", "Hispanic"), (BEHAVIOUR, "GENDER", "woman")]


def test_forty_sentences() -> None:
    """``python -m bench.quality.medical`` lists the errors."""
    right, total = medical_rules.measure_ethnicities(collections.Counter())
    assert total == 40
    assert right >= 38


@given(st.text(max_size=300) | st.lists(st.sampled_from(["race: ", "white ", "black", " or ", "man", ", ", "sex: f "])).map("".join))
def test_any_text(text: str) -> None:
    for found in (genders(text, []), ethnicities(text, [])):
        assert all(0 <= e.begin < e.end <= len(text) for e in found)
        assert all(a.end <= b.begin for a, b in itertools.pairwise(found))
