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


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ibuprofen", {"ibuprofen": "GENERIC_NAME"}),
        ("PMH: HTN, UTI; obesity.", {"HTN": "DX_NAME", "UTI": "DX_NAME", "obesity": "DX_NAME"}),
        ("1. CAD - stable (HTN)", {"CAD": "DX_NAME", "HTN": "DX_NAME"}),
        ("MRI\nknee replacement", {"MRI": "TEST_NAME", "knee replacement": "PROCEDURE_NAME"}),
        ("PE: lungs clear. Ms. Bell, ms", {}),
        ("Obesity runs in families", {}),
    ],
)
def test_names_that_stand_alone_need_no_sentence(text: str, names: dict[str, str]) -> None:
    assert {text[e.begin : e.end]: e.type for e in findings(text, []).entities} == names


def test_a_piece_of_a_name_that_stands_alone_becomes_all_of_it() -> None:
    (both,) = findings("cough, N/V", [TextSpan(7, 8, "PROBLEM", 0.9), TextSpan(0, 5, "PROBLEM", 0.9)]).entities[1:]
    assert (both.begin, both.end) == (7, 10)


@pytest.mark.parametrize(
    ("text", "told", "score", "kind"),
    [
        ("Hx of DM2 there", "TEST", 0.3, "DX_NAME"),
        ("Hx of DM2 there", "TEST", 0.9, "TEST_NAME"),
        ("Hx of HTN there", "DRUG", 0.9, "DX_NAME"),
        ("Gave MS 2 mg IV", "DRUG", 0.9, "GENERIC_NAME"),
    ],
)
def test_a_model_in_doubt_follows_the_lists(text: str, told: str, score: float, kind: str) -> None:
    begin = 5 if text.startswith("Gave") else 6
    (entity,) = findings(text, [TextSpan(begin, begin + 2 + (begin == 6), told, score)]).entities[:1]
    assert entity.type == kind
