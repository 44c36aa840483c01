"""Punctuation and capitals by the committed weights."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.transcription.punctuation import CASINGS, MARKS, LinearPunctuator
from services.transcription.tasks import SpokenWords
from shared.models.catalog import REPOSITORY_ROOT


@pytest.fixture(scope="module")
def punctuator() -> LinearPunctuator:
    return LinearPunctuator.read(REPOSITORY_ROOT / "models/punctuation-en/1")


def write(punctuator: LinearPunctuator, text: str, pauses: dict[int, float] | None = None, begins: bool = True) -> str:
    words = tuple(text.split())
    silences = (*((pauses or {}).get(number, 0.1) for number in range(len(words) - 1)), 1.0)
    styles = punctuator.styles(SpokenWords(words, silences, begins))
    cased = [w.capitalize() if s.casing == "capital" else w for w, s in zip(words, styles, strict=True)]
    return " ".join(word + style.mark for word, style in zip(cased, styles, strict=True))


def test_a_question(punctuator: LinearPunctuator) -> None:
    assert write(punctuator, "where do you live") == "Where do you live?"


def test_two_sentences_and_a_pause(punctuator: LinearPunctuator) -> None:
    text = write(punctuator, "i like tea do you like it", {2: 0.6})
    assert text == "I like tea. Do you like it?"


def test_a_sentence_that_goes_on(punctuator: LinearPunctuator) -> None:
    assert write(punctuator, "and then we went home", begins=False).startswith("and ")


def test_words_with_capitals_keep_them(punctuator: LinearPunctuator) -> None:
    (style, *_) = punctuator.styles(SpokenWords(("PyPI", "is", "big"), (0.1, 0.1, 1.0)))
    assert style.casing == "lower", "a vocabulary's own spelling is not touched"


@given(st.lists(st.tuples(st.text(min_size=1, max_size=12), st.floats(0, 5)), max_size=30), st.booleans())
def test_any_words(said: list[tuple[str, float]], begins: bool) -> None:
    punctuator = LinearPunctuator.read(REPOSITORY_ROOT / "models/punctuation-en/1") if not _CACHE else _CACHE[0]
    _CACHE[:] = [punctuator]
    styles = punctuator.styles(SpokenWords(tuple(w for w, _ in said), tuple(p for _, p in said), begins))
    assert len(styles) == len(said)
    assert all(style.mark in MARKS and style.casing in CASINGS for style in styles)


_CACHE: list[LinearPunctuator] = []
