from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.language.medical.detection import findings, personal
from services.language.medical.findings import MEDICATION, PROCEDURE
from services.language.medical.lexicon import small_letters
from services.language.tasks import TextSpan


def categories(text: str, *words: str) -> list[str]:
    spans = [TextSpan(text.index(w), text.index(w) + len(w), "DRUG", 0.9) for w in words]
    return [entity.category for entity in findings(text, spans).entities]


@given(st.text())
def test_small_letters_keep_every_offset(text: str) -> None:
    small = small_letters(text)
    assert len(small) == len(text)
    assert not any("A" <= character <= "Z" for character in small)
    assert small.lower() == text.lower()


@pytest.mark.parametrize("name", ["Troponin", "BNP", "D-dimer", "procalcitonin", "INR", "creatinine"])
def test_a_laboratory_name_is_a_test_whatever_the_model_says(name: str) -> None:
    assert categories(f"{name} was 12.", name) == [PROCEDURE]


def test_a_piece_of_a_laboratory_name_becomes_all_of_it() -> None:
    text = "NT-proBNP 4,500."
    (test,) = findings(text, [TextSpan(0, 2, "DRUG", 0.9), TextSpan(3, 9, "DRUG", 0.9)]).entities
    assert (test.type, text[test.begin : test.end]) == ("TEST_NAME", "NT-proBNP")


@pytest.mark.parametrize(
    ("text", "name", "category"),
    [
        ("Potassium 3.1.", "Potassium", PROCEDURE),
        ("Potassium is low.", "Potassium", PROCEDURE),
        ("Takes potassium 20 mEq daily.", "potassium", MEDICATION),
        ("Given magnesium IV.", "magnesium", MEDICATION),
        ("Sodium of 128.", "Sodium", PROCEDURE),
    ],
)
def test_a_name_of_both_is_told_by_its_words(text: str, name: str, category: str) -> None:
    assert categories(text, name) == [category]


def test_a_drug_is_one_where_a_model_calls_all_that_is_given_a_treatment() -> None:
    text = "Metformin and dialysis."
    told = findings(text, [TextSpan(0, 9, "TREATMENT", 0.9), TextSpan(14, 22, "TREATMENT", 0.9)]).entities
    assert [entity.type for entity in told] == ["GENERIC_NAME", "TREATMENT_NAME"]


def test_the_name_of_a_drug_is_nobodys() -> None:
    text = "Lisinopril for Harold Penn."
    spans = [TextSpan(0, 10, "NAME", 0.9), TextSpan(15, 26, "NAME", 0.9)]
    assert personal(text, spans) == spans[1:2]
