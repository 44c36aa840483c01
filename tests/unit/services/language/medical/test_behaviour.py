from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.language.medical.behaviour import habits
from services.language.medical.contexts import add_traits
from services.language.medical.detection import findings
from services.language.medical.findings import BEHAVIOUR, CONDITION, Entity
from services.language.tasks import TextSpan

Told = tuple[str, set[str], dict[str, str]]


def told(text: str) -> list[Told]:
    found = habits(text, [])
    add_traits(text, found)
    return [(e.type, {t.name for t in e.traits}, {a.type: text[a.begin : a.end] for a in e.attributes}) for e in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Smokes half a pack a day for 20 years.",
         [("TOBACCO_USE", set(), {"AMOUNT": "half a pack", "FREQUENCY": "a day", "DURATION": "for 20 years"})]),
        ("Nonsmoker.", [("TOBACCO_USE", {"NEGATION"}, {})]),
        ("Former smoker, quit in 2010.", [("TOBACCO_USE", {"PAST_HISTORY"}, {})]),
        ("Denies alcohol.", [("ALCOHOL_CONSUMPTION", {"NEGATION"}, {})]),
        ("Drinks 2 beers a day.", [("ALCOHOL_CONSUMPTION", set(), {"AMOUNT": "2 beers", "FREQUENCY": "a day"})]),
        ("Quit smoking in 2010, two glasses of wine weekly.",
         [("TOBACCO_USE", {"PAST_HISTORY"}, {}),
          ("ALCOHOL_CONSUMPTION", set(), {"AMOUNT": "two glasses", "FREQUENCY": "weekly"})]),
        ("Smokes 1 pack a day and drinks 3 beers on weekends.",
         [("TOBACCO_USE", set(), {"AMOUNT": "1 pack", "FREQUENCY": "a day"}),
          ("ALCOHOL_CONSUMPTION", set(), {"AMOUNT": "3 beers", "FREQUENCY": "on weekends"})]),
        ("Uses marijuana daily.", [("REC_DRUG_USE", set(), {"FREQUENCY": "daily"})]),
        ("Smokes marijuana.", [("REC_DRUG_USE", set(), {})]),
        ("Drinks plenty of water.", []),
        ("Alcohol swab applied.", []),
    ],
)  # fmt: skip
def test_habits(text: str, expected: list[Told]) -> None:
    assert told(text) == expected


def test_three_habits_denied_together() -> None:
    assert [(kind, traits) for kind, traits, _ in told("Denies tobacco, alcohol or illicit drug use.")] == [
        ("TOBACCO_USE", {"NEGATION"}), ("ALCOHOL_CONSUMPTION", {"NEGATION"}), ("REC_DRUG_USE", {"NEGATION"}),
    ]  # fmt: skip


def test_a_name_inside_a_condition_is_that_conditions() -> None:
    text = "Admitted with cocaine overdose syndrome."
    begin = text.index("cocaine")
    assert habits(text, [Entity(begin, len(text) - 1, CONDITION, "DX_NAME", 0.9)]) == []


def test_a_denial_ends_where_another_habit_is_told() -> None:
    text = "Denies smoking, drinks socially, uses marijuana weekly."
    assert [(kind, traits) for kind, traits, _ in told(text)] == [
        ("TOBACCO_USE", {"NEGATION"}), ("ALCOHOL_CONSUMPTION", set()), ("REC_DRUG_USE", set()),
    ]  # fmt: skip


def test_a_condition_that_is_a_habit_is_one() -> None:
    (found,) = findings("Denies smoking.", [TextSpan(7, 14, "PROBLEM", 0.4)]).entities
    assert (found.type, [trait.name for trait in found.traits]) == ("TOBACCO_USE", ["NEGATION"])


def test_a_habit_is_no_drug_and_its_frequency_no_dose() -> None:
    text = "Takes aspirin. Uses cocaine daily."
    spans = [TextSpan(6, 13, "DRUG", 0.9), TextSpan(20, 27, "DRUG", 0.9)]
    found = findings(text, spans)
    assert [(text[e.begin : e.end], e.category) for e in found.entities] == [
        ("aspirin", "MEDICATION"), ("cocaine", BEHAVIOUR),
    ]  # fmt: skip
    assert found.unmapped == []
    assert [a.type for a in found.entities[1].attributes] == ["FREQUENCY"]


@given(st.text(alphabet="smoke drinkalcohol packday12,.\n", max_size=120))
def test_habits_lie_in_the_text_in_order(text: str) -> None:
    last = 0
    for entity in habits(text, []):
        assert last <= entity.begin < entity.end <= len(text)
        last = entity.end
