from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.language.medical.findings import CONDITION, MEDICATION, PROCEDURE, Attribute, Entity
from services.language.medical.times import expressions, timed


def entity(text: str, words: str, category: str = CONDITION, kind: str = "DX_NAME") -> Entity:
    begin = text.index(words)
    return Entity(begin, begin + len(words), category, kind, 0.9)


def told(text: str, *entities: Entity) -> list[tuple[str, str, list[str]]]:
    return [
        (text[t.begin : t.end], t.type, [text[a.begin : a.end] for a in t.attributes])
        for t in timed(text, sorted(entities, key=lambda e: e.begin))
    ]


@pytest.mark.parametrize(
    "words",
    ["3 days ago", "for two weeks", "since March", "POD 2", "yesterday", "over the past month", "x 5 days", "last week",
     "on admission", "in 6 months", "tomorrow", "hospital day 4", "since 2015"],
)  # fmt: skip
def test_an_expression_is_found_whole(words: str) -> None:
    text = f"He had chest pain {words}."
    assert [text[b:e] for b, e in expressions(text)] == [words]


def test_each_kind_of_finding_names_its_time() -> None:
    text = "Started metformin last year. MRI yesterday. Appendectomy in 2009. Dialysis since January."
    entities = [
        entity(text, "metformin", MEDICATION, "GENERIC_NAME"), entity(text, "MRI", PROCEDURE, "TEST_NAME"),
        entity(text, "Appendectomy", PROCEDURE, "PROCEDURE_NAME"), entity(text, "Dialysis", PROCEDURE, "TREATMENT_NAME"),
    ]  # fmt: skip
    assert told(text, *entities) == [
        ("last year", "TIME_TO_MEDICATION_NAME", ["metformin"]),
        ("yesterday", "TIME_TO_TEST_NAME", ["MRI"]),
        ("2009", "TIME_TO_PROCEDURE_NAME", ["Appendectomy"]),
        ("since January", "TIME_TO_TREATMENT_NAME", ["Dialysis"]),
    ]


def test_a_list_has_one_time() -> None:
    text = "Fever, cough and nausea for 3 days."
    entities = [entity(text, words) for words in ("Fever", "cough", "nausea")]
    assert told(text, *entities) == [("for 3 days", "TIME_TO_DX_NAME", ["Fever", "cough", "nausea"])]
    assert {a.relationship for t in timed(text, entities) for a in t.attributes} == {"OVERLAP"}


def test_what_opens_a_sentence_belongs_to_what_follows() -> None:
    text = "She has asthma. Yesterday she had a seizure."
    assert told(text, entity(text, "asthma"), entity(text, "seizure")) == [
        ("Yesterday", "TIME_TO_DX_NAME", ["seizure"])
    ]


def test_no_finding_no_time() -> None:
    assert told("He moved here in 2015 and works two days ago.") == []
    text = "Asthma is stable. He moved here in 2015."
    assert told(text, entity(text, "Asthma")) == []


def test_what_a_dose_has_taken_is_no_time() -> None:
    text = "Amoxicillin for 7 days"
    drug = entity(text, "Amoxicillin", MEDICATION, "GENERIC_NAME")
    drug.attributes = [Attribute(12, 22, MEDICATION, "DURATION", 0.9, 0.9)]
    assert told(text, drug) == []


@given(st.text(alphabet="ago 3daysince forPODxthe2015-/.,\n", max_size=120))
def test_expressions_lie_in_the_text_in_order(text: str) -> None:
    last = 0
    for begin, end in expressions(text):
        assert last <= begin < end <= len(text)
        last = end
