"""Flite as it lies on the system: words, times, pronunciations, and texts that would harm a C library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.speech.engines import flite
from services.speech.phrases import Phrase, Speech, Spoken
from shared import errors
from shared.models.catalog import Catalog
from shared.models.store import ModelStore

ENTRY = Catalog.load().get("flite")
VOICES = ["us+slt", "us+awb", "us+kal16"]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[flite.FliteEngine]:
    if not ModelStore(tmp_path_factory.mktemp("data")).installed(ENTRY):
        pytest.skip("libflite1 is not on this system")
    engine = flite.load(ENTRY, Path(), "cpu")
    yield engine
    engine.close()


def spoken(engine: flite.FliteEngine, text: str, voice: str = "us+slt", **manner: float) -> Speech:
    (speech,) = engine.run([Phrase(tuple(Spoken(word, **manner) for word in text.split()), voice)])
    return speech


def pitch(speech: Speech) -> float:
    """Median fundamental frequency in Hz, by autocorrelation of voiced stretches."""
    samples, found = speech.samples.astype(float), []
    for begin in range(0, len(samples) - 800, 400):
        window = samples[begin : begin + 800]
        if np.abs(window).mean() > 500:
            likeness = np.correlate(window, window, "full")[799:]
            low, high = speech.sample_rate // 350, speech.sample_rate // 60
            found.append(speech.sample_rate / (low + likeness[low:high].argmax()))
    return float(np.median(found))


@pytest.mark.parametrize("voice", VOICES)
def test_words_have_their_times_in_order(engine: flite.FliteEngine, voice: str) -> None:
    speech = spoken(engine, "Hello brave new world, it costs $25 today.", voice)
    starts = list(speech.word_starts)
    assert None not in starts and starts == sorted(set(starts))
    assert starts[-1] < len(speech.samples) / speech.sample_rate < 8
    assert [phone.ipa for phone in speech.phones][:4] == ["h", "ə", "l", "oʊ"]


@pytest.mark.parametrize("voice", VOICES)
def test_rate_and_pitch_do_what_they_say(engine: flite.FliteEngine, voice: str) -> None:
    text = "Nobody knows where the old river really begins."
    plain, fast = spoken(engine, text, voice), spoken(engine, text, voice, rate=1.5)
    assert 1.4 < len(plain.samples) / len(fast.samples) < 1.6
    assert 1.15 < pitch(spoken(engine, text, voice, pitch=1.3)) / pitch(plain) < 1.45


def test_a_manner_for_some_words_alone(engine: flite.FliteEngine) -> None:
    words = (Spoken("very"), Spoken("slowly", rate=0.5), Spoken("now"))
    (speech,) = engine.run([Phrase(words, "us+slt")])
    begins = speech.word_starts
    assert begins[2] - begins[1] > 1.5 * (begins[1] - begins[0])


def test_a_pronunciation_is_said_instead_of_the_word(engine: flite.FliteEngine) -> None:
    (speech,) = engine.run([Phrase((Spoken("pecan,", ipa="pɪˈkɑːn"), Spoken("pie")), "us+slt")])
    assert [phone.ipa for phone in speech.phones] == ["p", "ɪ", "k", "ɑ", "n", "p", "aɪ"]
    with pytest.raises(errors.InvalidArgument) as refused:
        engine.run([Phrase((Spoken("x", ipa="ǃ"),), "us+slt")])
    assert refused.value.explicit_aws_code == "InvalidSsmlException"


def test_what_cannot_be_said_has_no_time(engine: flite.FliteEngine) -> None:
    speech = spoken(engine, "one 日本 … two")
    assert [start is None for start in speech.word_starts] == [False, True, True, False]
    assert len(spoken(engine, "日本 …").samples) == 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=80), min_size=1, max_size=8))
def test_any_text_can_be_said(engine: flite.FliteEngine, texts: list[str]) -> None:
    (speech,) = engine.run([Phrase(tuple(map(Spoken, texts)), "us+kal16")])
    assert len(speech.word_starts) == len(texts)
