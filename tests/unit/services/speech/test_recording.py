"""Sound and marks put together."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.speech.phrases import Phone, Phrase, Speech, Spoken
from services.speech.recording import Recording, word_times
from services.speech.script import Mark, Rest, Sentence, Style, Word
from services.speech.steps import Say
from services.speech.visemes import viseme

RATE = 1000


def say(*words: Word, anchors: tuple[tuple[int, Sentence | Mark], ...] = ()) -> Say:
    return Say(Phrase(tuple(Spoken(word.spoken) for word in words), "v"), words, anchors)


def speech(length: int, *starts: float | None, phones: tuple[Phone, ...] = ()) -> Speech:
    return Speech(np.full(length, 1000, dtype=np.int16), RATE, starts, phones)


def test_marks_come_in_order_at_their_times() -> None:
    recording = Recording(b"Hi you.", RATE)
    sentence = Sentence((), 0, 7)
    recording.rest(Rest(500))
    phones = (Phone("h", 0.0), Phone("ˈaɪ", 0.1), Phone("j", 0.4))
    step = say(
        Word("Hi", "Hi", 0, 2, Style()),
        Word("you.", "you", 3, 6, Style()),
        anchors=((0, sentence), (1, Mark("m", 2, 3))),
    )
    recording.speech(step, speech(1000, 0.0, 0.4, phones=phones))
    marks = [json.loads(line) for line in recording.marks({"sentence", "word", "ssml", "viseme"}).splitlines()]
    assert [(mark["time"], mark["type"], mark["value"]) for mark in marks] == [
        (500, "sentence", "Hi you."), (500, "word", "Hi"), (500, "viseme", "k"), (600, "viseme", "a"), (900, "ssml", "m"),
        (900, "word", "you"), (900, "viseme", "i"), (1500, "viseme", "sil"),
    ]  # fmt: skip
    assert (marks[1]["start"], marks[1]["end"]) == (0, 2) and "start" not in marks[2]
    assert recording.marks({"word"}).count("\n") == 2


def test_levels_change_at_words() -> None:
    recording = Recording(b"", RATE)
    loud, soft = Word("a", "a", 0, 1, Style()), Word("b", "b", 2, 3, Style(gain_db=-20))
    samples = recording.speech(say(loud, soft), speech(1000, 0.0, 0.5))
    assert samples[:480].tolist() == [1000] * 480
    assert samples[510:].tolist() == [100] * 490


def test_a_tone_is_heard_and_a_rest_is_not() -> None:
    recording = Recording(b"", 8000)
    assert not recording.rest(Rest(100)).any()
    assert np.abs(recording.rest(Rest(100, tone=True))).max() > 3000


def test_it_ends_when_it_is_full() -> None:
    recording = Recording(b"", RATE, max_seconds=600)
    total = sum(len(recording.rest(Rest(10_000))) for _ in range(100))
    assert total == 600 * RATE
    assert recording.full


@given(st.lists(st.none() | st.floats(0, 10), max_size=20), st.floats(0, 10))
def test_word_times_are_in_order_and_within(known: list[float | None], length: float) -> None:
    times = word_times(known, length)
    assert len(times) == len(known)
    assert times == sorted(times)
    assert all(0 <= time <= length for time in times)


def test_words_that_were_run_together_share_their_time() -> None:
    assert word_times([0.0, None, 1.0], 2.0) == [0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("ipa", "expected"), [("tʃ", "S"), ("ˈoʊ", "o"), ("m", "p"), ("ː", None), ("ɜː", "E"), ("θ", "T")]
)
def test_visemes(ipa: str, expected: str | None) -> None:
    assert viseme(ipa) == expected
