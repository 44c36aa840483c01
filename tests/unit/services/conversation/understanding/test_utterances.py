"""Braces, words, phrases."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.conversation.understanding.phrases import Phrases
from services.conversation.understanding.utterances import Slot, fill, parse_utterance
from services.conversation.understanding.words import words_of
from shared import errors

PLAIN = st.text(st.characters(exclude_characters="{}", codec="utf-8"), max_size=12)


@given(st.lists(st.one_of(PLAIN, st.sampled_from([Slot("A"), Slot("B")])), max_size=6))
def test_utterances_are_read_as_they_were_written(parts: list[str | Slot]) -> None:
    written = "".join(p if isinstance(p, str) else "{" + p.name + "}" for p in parts)
    read = parse_utterance(written, {"A": "T", "B": "T"}, "Intent")
    assert "".join(p if isinstance(p, str) else "{" + p.name + "}" for p in read) == written
    assert [p for p in read if isinstance(p, Slot)] == [p for p in parts if isinstance(p, Slot)]


@given(PLAIN, st.sampled_from(["{", "}", "{A", "A}", "{A}}"]), PLAIN)
def test_halves_of_braces_are_refused(before: str, wrong: str, after: str) -> None:
    with pytest.raises(errors.InvalidArgument):
        parse_utterance(before + wrong + after, {"A": "T"}, "Intent")


@given(st.lists(st.text("abc ", min_size=1, max_size=6), min_size=1, max_size=9, unique=True), st.integers(1, 30))
def test_filled_slots_say_where_they_are(values: list[str], count: int) -> None:
    examples = fill(["x ", Slot("A"), " y ", Slot("B")], {"A": values, "B": values}, count, "seed")
    assert 1 <= len(examples) <= count
    for example in examples:
        assert [s.name for s in example.slots] == ["A", "B"]
        assert all(example.text[s.begin : s.end] in values for s in example.slots)
    assert examples == fill(["x ", Slot("A"), " y ", Slot("B")], {"A": values, "B": values}, count, "seed")


@given(st.text(max_size=50))
def test_words_lie_in_the_text(text: str) -> None:
    words = words_of(text)
    assert all(text[w.begin : w.end] == w.text for w in words)
    assert all(a.end <= b.begin for a, b in itertools.pairwise(words))


def test_the_longest_phrase_is_found() -> None:
    phrases = Phrases([("new york", "NY"), ("New York City", "NYC"), ("york", "Y")])
    assert [(m.begin, m.end, m.resolved) for m in phrases.find(words_of("to new  york-city, York"))] == [
        (3, 17, ("NYC",)),
        (19, 23, ("Y",)),
    ]


def test_a_slip_of_one_letter_is_forgiven_where_it_is_clear() -> None:
    phrases = Phrases([("economy", "e"), ("luxury", "l"), ("grey", "g"), ("table one", "1"), ("table two", "2")])
    assert phrases.value("econmoy") == "e"
    assert phrases.value("Luxxury") == "l"
    assert phrases.value("gray") is None
    assert phrases.value("table") is None
