"""ConText: what is said about a condition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.quality.medical import contexts
from services.language.medical.contexts import add_traits
from services.language.medical.findings import CONDITION, Entity


def traits(text: str, words: str) -> set[str]:
    begin = text.index(words)
    entity = Entity(begin, begin + len(words), CONDITION, "DX_NAME", 1.0)
    add_traits(text, [entity])
    return {trait.name for trait in entity.traits} - {"DIAGNOSIS", "SIGN", "SYMPTOM"}


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("Patient denies fever, cough or rash.", "rash", {"NEGATION"}),
        ("No fever but severe cough.", "cough", set()),
        ("Mother has asthma.", "asthma", {"PERTAINS_TO_FAMILY"}),
        ("History of pneumonia.", "pneumonia", {"PAST_HISTORY"}),
        ("Return if fever develops.", "fever", {"HYPOTHETICAL"}),
        ("Possible pneumonia.", "pneumonia", {"LOW_CONFIDENCE"}),
        ("Pneumonia cannot be ruled out.", "Pneumonia", {"LOW_CONFIDENCE"}),
        ("Family History:\nstroke, diabetes\n\nExam: edema", "diabetes", {"PERTAINS_TO_FAMILY"}),
        ("Family History:\nstroke, diabetes\n\nExam: edema", "edema", set()),
        ("No fever. Cough.", "Cough", set()),
        ("Both grandmothers had glaucoma.", "glaucoma", {"PERTAINS_TO_FAMILY"}),
        ("Family history of glaucoma.", "glaucoma", {"PERTAINS_TO_FAMILY"}),
        ("NO FEVER, NO COUGH.", "COUGH", {"NEGATION"}),
    ],
)
def test_contexts(text: str, words: str, expected: set[str]) -> None:
    assert traits(text, words) == expected


def test_two_hundred_sentences() -> None:
    """The bar is 90 %; ``python -m bench.quality.medical`` lists the errors."""
    right = 0
    for said, sentence in contexts():
        begin, end, _, _ = sentence.spans[0]
        found = traits(sentence.text, sentence.text[begin:end]) & {"NEGATION", "PERTAINS_TO_FAMILY"}
        right += found == said
    assert right >= 190


@given(st.text(max_size=200), st.integers(0, 199), st.integers(1, 20))
def test_any_text_has_scores_that_are_probabilities(text: str, begin: int, length: int) -> None:
    begin = min(begin, len(text))
    entity = Entity(begin, min(len(text), begin + length), CONDITION, "DX_NAME", 1.0)
    add_traits(text, [entity])
    assert all(0 < trait.score < 1 for trait in entity.traits)
