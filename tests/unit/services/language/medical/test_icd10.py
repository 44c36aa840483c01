"""ICD-10-CM by name."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.quality.medical import conditions
from services.language.medical import icd10
from services.language.medical.name_index import NameIndex


@pytest.fixture(scope="module")
def index() -> NameIndex:
    return icd10.build_index()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("htn", "I10"),
        ("type 2 diabetes", "E11.9"),
        ("type one diabetes", "E10.9"),
        ("Type I diabetes mellitus", "E10.9"),
        ("diabetes insipidus", "E23.2"),
        ("nearsightedness", "H52.10"),
        ("left knee pain", "M25.562"),
        ("UTI", "N39.0"),
        ("asthma", "J45.909"),
        ("sprained ankle", "S93.409A"),
        ("otitis media", "H66.90"),
    ],
)
def test_the_first_code(index: NameIndex, words: str, code: str) -> None:
    assert index.search(icd10.in_table_words(words))[0].code.code == code


def test_a_hundred_conditions(index: NameIndex) -> None:
    """The bar is 70 among the first five."""
    hits = sum(
        any(match.code.code.startswith(tuple(codes)) for match in index.search(icd10.in_table_words(words)))
        for words, codes in conditions()
    )
    assert hits >= 90


def test_a_code_needs_more_than_the_place_in_common(index: NameIndex) -> None:
    """"Fracture of right great toe" has most of these words."""
    codes = [match.code.code for match in index.search("gout of the right great toe")]
    assert codes
    assert all(code.startswith(("M10", "M1A")) for code in codes)


def test_codes_have_seven_characters_where_the_table_asks_for_them(index: NameIndex) -> None:
    (first, *_) = index.search("sprain of unspecified ligament of left ankle")
    assert first.code.code == "S93.402A"
    assert first.code.title.endswith("initial encounter")


@settings(max_examples=50, deadline=None)
@given(words=st.text(max_size=80))
def test_any_phrase(index: NameIndex, words: str) -> None:
    found = index.search(icd10.in_table_words(words))
    assert len(found) <= 5
    assert all(0 < match.cosine <= 1 for match in found)
    scores = [icd10.probability(match.cosine, rank) for rank, match in enumerate(found)]
    assert all(0 < score < 1 for score in scores)
