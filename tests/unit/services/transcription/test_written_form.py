"""What is said, as it is written: unambiguous cases, and nothing lost on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.transcription.tasks import Word
from services.transcription.written_form import written_form


def write(text: str, language: str = "en") -> str:
    said = text.split()
    words = [Word(word, number * 0.5, number * 0.5 + 0.4, 0.9) for number, word in enumerate(said)]
    found = written_form(words, [""] * len(words), said, language)
    return " ".join(word.text for word, _ in found)


@pytest.mark.parametrize(
    ("spoken", "written"),
    [
        ("in fourteen sixty five sweynheim began", "in 1465 sweynheim began"),
        ("twenty five people", "25 people"),
        ("one hundred and five", "105"),
        ("two million people", "2 million people"),
        ("twelve thousand three hundred", "12,300"),
        ("three point one four", "3.14"),
        ("three point five million dollars", "$3.5 million"),
        ("twenty five dollars and fifty cents", "$25.50"),
        ("one dollar", "$1"),
        ("ten euros", "€10"),
        ("fifty percent", "50%"),
        ("two point five per cent", "2.5%"),
        ("meet me at five thirty p m", "meet me at 5:30 PM"),
        ("ten oh five a.m.", "10:05 AM"),
        ("five o'clock", "5 o'clock"),
        ("a twenty second delay", "a 20 second delay"),
        ("july fourth nineteen seventy six", "july 4th 1976"),
        ("the twenty first century", "the 21st century"),
        ("call five five five one two three four", "call 555-1234"),
        ("four one five five five five one two one two", "415-555-1212"),
        ("room one oh four", "room 104"),
        ("write to jane dot doe at example dot com please", "write to jane.doe@example.com please"),
        ("visit example dot org today", "visit example.org today"),
    ],
)
def test_unambiguous(spoken: str, written: str) -> None:
    assert write(spoken) == written


@pytest.mark.parametrize(
    "text",
    [
        "one of the nine", "wait a second", "the first time", "he may first go",
        "look at the dot", "a hundred people", "five pounds", "i met him at home",
    ],
)  # fmt: skip
def test_ambiguous_stays(text: str) -> None:
    assert write(text) == text


def test_another_language_stays() -> None:
    assert write("twenty five", "de") == "twenty five"


def test_times_and_confidence() -> None:
    words = [Word("twenty", 1.0, 1.2, 0.9), Word("five", 1.3, 1.6, 0.4), Word("cats", 1.7, 2.0, 0.8)]
    (number, mark), (cats, end) = written_form(words, ["", "", "."], ["twenty", "five", "cats"], "en")
    assert (number.text, number.start, number.end, number.confidence, mark) == ("25", 1.0, 1.6, 0.4, "")
    assert (cats.text, end) == ("cats", ".")


def test_no_rule_goes_across_a_mark() -> None:
    words = [Word("twenty", 0.0, 0.2, 1.0), Word("five", 0.3, 0.6, 1.0)]
    assert [w.text for w, _ in written_form(words, [",", ""], ["twenty", "five"], "en")] == ["20", "five"]


VOCABULARY = st.sampled_from(
    [
        "one",
        "two",
        "ten",
        "twenty",
        "fifty",
        "hundred",
        "thousand",
        "million",
        "and",
        "point",
        "oh",
        "dollars",
        "cents",
        "percent",
        "p",
        "m",
        "at",
        "dot",
        "com",
        "first",
        "july",
        "a",
        "o'clock",
        "nineteen",
        "example",
        "x",
    ]
)


@given(st.lists(st.tuples(VOCABULARY, st.sampled_from(["", "", "", ",", "."])), max_size=14))
def test_every_word_is_in_exactly_one_item(said: list[tuple[str, str]]) -> None:
    words = [Word(text, float(n), n + 0.5, 0.5 + n / 100) for n, (text, _) in enumerate(said)]
    marks = [mark for _, mark in said]
    found = list(written_form(words, marks, [text for text, _ in said], "en"))
    covered: list[int] = []
    for word, mark in found:
        first, last = int(word.start), int(word.end)
        covered += range(first, last + 1)
        assert word.confidence == min(w.confidence for w in words[first : last + 1])
        assert mark == marks[last]
        assert not any(marks[first:last])
        assert word.text
    assert covered == list(range(len(words)))
