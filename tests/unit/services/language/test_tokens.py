from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.language.tokens import tokenise


def words(text: str, language: str = "en") -> list[str]:
    return [t.text for t in tokenise(text, language)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don't know.", ["I", "do", "n't", "know", "."]),
        ("Mary's cat can\u2019t", ["Mary", "'s", "cat", "ca", "n\u2019t"]),
        ("cannot", ["can", "not"]),
        ("a 15-year term", ["a", "15", "-", "year", "term"]),
        ("Mr. Smith left.", ["Mr.", "Smith", "left", "."]),
        ("Steffen W. Graae", ["Steffen", "W.", "Graae"]),
        ("the U.S. at 5 p.m.", ["the", "U.S.", "at", "5", "p.m."]),
        ("1,000.50 and 12:30", ["1,000.50", "and", "12:30"]),
        ("see http://a.example/b?c=1.", ["see", "http://a.example/b?c=1", "."]),
        ("write me@example.org, now", ["write", "me@example.org", ",", "now"]),
        ("@user #happy :-) <3", ["@user", "#happy", ":-)", "<3"]),
        ("well...", ["well", "..."]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_english_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_elision_is_split_in_french_only() -> None:
    assert words("l'homme d'accord", "fr") == ["l'", "homme", "d'", "accord"]
    assert words("l'homme", "de") == ["l'homme"]


def test_hyphens_join_in_french() -> None:
    assert words("le grand-p\u00e8re", "fr") == ["le", "grand-p\u00e8re"]


def test_an_initial_stands_before_a_name() -> None:
    assert words("vitamin D. She saw J. A. Smith") == ["vitamin", "D", ".", "She", "saw", "J.", "A.", "Smith"]
    assert words("T. May") == ["T.", "May"]


def test_a_letter_behind_a_slash_is_no_initial() -> None:
    assert words("denies N/V. Hx of J. Smith") == ["denies", "N", "/", "V", ".", "Hx", "of", "J.", "Smith"]


def test_offsets_count_code_points() -> None:
    text = "\U0001f600 na\u00efve \U0001f1e9\U0001f1ea caf\u0065\u0301"
    for token in tokenise(text):
        assert text[token.begin : token.end] == token.text
    assert tokenise(text)[1].begin == 2  # an emoji is one code point, however many bytes


@given(st.text(max_size=300), st.sampled_from(["en", "de", "es", "fr", "it", ""]))
def test_tokens_cover_all_but_white_space_in_order(text: str, language: str) -> None:
    tokens = tokenise(text, language)
    place = 0
    for token in tokens:
        assert token.begin >= place
        assert token.end > token.begin
        assert text[token.begin : token.end] == token.text
        assert not text[place : token.begin].strip()
        place = token.end
    assert not text[place:].strip()


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "\u4e2d" * 33_000, ".-" * 50_000, "a." * 50_000, "\x00" * 100_000, "'" * 99_999]
)
def test_long_runs_stay_whole_and_finish(text: str) -> None:
    tokens = tokenise(text)
    assert tokens
    assert tokens[-1].end == len(text)
