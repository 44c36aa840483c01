from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.language.identifiers import identifiers, whole_phrases
from services.language.tasks import TextSpan


def phrase(text: str, part: str) -> TextSpan:
    begin = text.index(part)
    return TextSpan(begin, begin + len(part), "KEY_PHRASE", 0.9)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Call 1 (416) 555-0123 now", [("1 (416) 555-0123", "PHONE")]),
        ("card 4111 1111 1111 1111", [("4111 1111 1111 1111", "CREDIT_DEBIT_NUMBER")]),
        ("mail mary.smith@example.com", [("mary.smith@example.com", "EMAIL")]),
        ("born on 12/27/1986, 30 years old", []),
    ],
)
def test_identifiers(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(text[s.begin : s.end], s.type) for s in identifiers(text)] == expected


@pytest.mark.parametrize(
    ("text", "phrases", "expected"),
    [
        ("I paid with the card 4111 1111 1111 1111.", ["the card 4111", "1111 1111 1111"], ["the card"]),
        ("He came on 5 May 2020.", ["May"], ["5 May 2020"]),
        ("He came on 5 May 2020.", ["5 May", "2020"], ["5 May 2020"]),
        ("the May 2020 report", ["the May 2020 report"], ["the May 2020 report"]),
        ("see www.example.com today", ["www.example.com", "today"], ["www.example.com", "today"]),
        ("state-of-the-art tools", ["state", "the-art tools"], ["state-of-the-art tools"]),
        ("its know-how", ["its know"], ["its know-how"]),
        ("The old house has a roof", ["The old house", "a roof"], ["The old house", "a roof"]),
    ],
)
def test_phrases_hold_whole_dates_and_words_and_no_part_of_a_number(text: str, phrases: list[str], expected: list[str]) -> None:
    found = whole_phrases(text, [phrase(text, part) for part in phrases])
    assert [text[s.begin : s.end] for s in found] == expected


@given(
    st.text(alphabet="5 May2020@.com4111-the", max_size=80),
    st.lists(st.tuples(st.integers(0, 79), st.integers(1, 12)), max_size=6),
)
def test_phrases_stay_sound(text: str, pairs: list[tuple[int, int]]) -> None:
    spans, place = [], 0
    for begin, length in sorted(pairs):
        if begin >= place and begin < len(text):
            place = min(len(text), begin + length)
            spans.append(TextSpan(begin, place, "KEY_PHRASE", 0.5))
    found = whole_phrases(text, spans)
    assert all(0 <= s.begin < s.end <= len(text) for s in found)
    assert all(a.end <= b.begin for a, b in itertools.pairwise(found))
