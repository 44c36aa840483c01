"""Allergies."""

from __future__ import annotations

import collections
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.quality import medical_rules
from services.language.medical.allergies import allergies
from services.language.medical.detection import findings
from services.language.medical.findings import CONDITION, MEDICATION
from services.language.tasks import TextSpan


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Allergic to penicillin, latex and tree nuts.", ["penicillin", "latex", "tree nuts"]),
        ("Allergies: Amoxicillin (rash), aspirin\nMeds: none", ["Amoxicillin", "aspirin"]),
        ("She has a severe peanut allergy.", ["peanut allergy"]),
        ("Allergies: none", []),
        ("Seen by the allergist for allergic rhinitis.", []),
    ],
)
def test_what_somebody_does_not_tolerate(text: str, expected: list[str]) -> None:
    found = allergies(text)
    assert [text[e.begin : e.end] for e in found] == expected
    assert not any(entity.traits for entity in found)


@pytest.mark.parametrize("text", ["NKDA", "No known drug allergies", "no known food or drug allergies"])
def test_none_is_a_denial(text: str) -> None:
    (entity,) = allergies(text)
    assert (entity.begin, entity.end, [t.name for t in entity.traits]) == (0, len(text), ["NEGATION"])


def test_a_drug_that_is_not_tolerated_is_both() -> None:
    text = "Allergic to penicillin."
    found = findings(text, [TextSpan(12, 22, "DRUG", 0.9)]).entities
    assert {(e.category == MEDICATION, e.begin, e.end) for e in found} == {(True, 12, 22), (False, 12, 22)}


def test_a_food_that_is_not_tolerated_is_no_condition_but_an_allergy_is_one() -> None:
    text = "Allergic to shellfish. Has a peanut allergy and shellfish poisoning."
    spans = [("shellfish", 12), ("peanut allergy", 29), ("shellfish poisoning", 48)]
    told = [TextSpan(begin, begin + len(name), "PROBLEM", 0.9) for name, begin in spans]
    conditions = [e for e in findings(text, told).entities if e.category == CONDITION]
    assert [text[e.begin : e.end] for e in conditions] == ["peanut allergy", "shellfish poisoning"]


def test_forty_sentences() -> None:
    """``python -m bench.quality.medical`` lists the errors."""
    right, total = medical_rules.measure_allergies(collections.Counter())
    assert total == 40
    assert right >= 38


@given(st.text(max_size=300) | st.lists(st.sampled_from(["allergic to ", "allergies: ", "no ", "nkda", ", ", "x (y) "])).map("".join))
def test_any_text(text: str) -> None:
    found = allergies(text)
    assert all(0 <= a.begin < a.end <= b.begin for a, b in itertools.pairwise(found))
