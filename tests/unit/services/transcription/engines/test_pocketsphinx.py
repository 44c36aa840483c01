"""PocketSphinx in its own processes: words, times, vocabularies, live sessions, and decoders that die."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from services.transcription.engines.pocketsphinx import LivePocketSphinx, PocketSphinx
from services.transcription.recognition import Phrase, Samples
from services.transcription.tasks import LiveSound, Utterance
from shared import errors
from shared.models.catalog import REPOSITORY_ROOT
from tests.unit.services.transcription.recordings import recording, silence

pytestmark = pytest.mark.slow

pytest.importorskip("pocketsphinx")

LETTERS = REPOSITORY_ROOT / "models/letters-to-sounds-en/1"
NOTHING = np.zeros(0, np.float32)


@pytest.fixture(scope="module")
def engine() -> Iterator[PocketSphinx]:
    engine = PocketSphinx(LETTERS, 1)
    yield engine
    engine.close()


def text(engine: PocketSphinx, samples: Samples, *vocabulary: Phrase) -> str:
    (readings,) = engine.run([Utterance(samples, "en-US", vocabulary=vocabulary)])
    return " ".join(word.text for word in readings[0].words) if readings else ""


def test_words_with_times_and_confidences(engine: PocketSphinx) -> None:
    samples = recording("ljspeech/LJ001-0013.wav")
    (readings,) = engine.run([Utterance(samples, "en-US", max_alternatives=3)])
    words = readings[0].words
    said = [word.text for word in words]
    assert {"same", "operations"} <= set(said)
    last = 0.0
    for word in words:
        assert last <= word.start < word.end <= len(samples) / 16_000 + 0.01
        assert 0.0 < word.confidence < 1.0
        last = word.start
    assert len({word.confidence for word in words}) > 3, "a confidence that never changes is none"
    assert 2 <= len(readings) <= 3
    for other in readings[1:]:
        assert [word.text for word in other.words] != said


def test_a_vocabulary_finds_what_the_dictionary_lacks(engine: PocketSphinx) -> None:
    samples = recording("ljspeech/LJ001-0031.wav")[86_000:]
    vocabulary = (Phrase("Subiaco"), Phrase("Nonet", ipa="n oʊ n ɛ t"))
    assert "Subiaco" not in text(engine, samples)
    found = text(engine, samples, *vocabulary)
    assert "Subiaco" in found.split()
    assert "Nonet" not in found
    assert "Subiaco" not in text(engine, samples), "a vocabulary counts for its own callers alone"


def test_a_phrase_that_nobody_can_say_is_no_obstacle(engine: PocketSphinx) -> None:
    assert text(engine, recording("google/two_people.wav"), Phrase("...", ipa="ʘ")) != ""


def test_a_result_does_not_depend_on_what_came_before(engine: PocketSphinx) -> None:
    item = Utterance(recording("google/two_people.wav"), "en-US", max_alternatives=2)
    first = engine.run([item])
    engine.run([Utterance(recording("google/book_a_room.wav"), "en-US")])
    assert engine.run([item]) == first


def test_too_long_is_refused(engine: PocketSphinx) -> None:
    with pytest.raises(errors.InvalidArgument):
        engine.run([Utterance(silence(61.0), "en-US")])


def test_a_decoder_that_died_is_started_again(engine: PocketSphinx) -> None:
    samples = recording("google/two_people.wav")
    before = text(engine, samples)
    child = engine._all[0]._child
    assert child is not None
    child._process.kill()
    child._process.wait()
    assert text(engine, samples) == before


# -- live


@pytest.fixture
def live() -> Iterator[LivePocketSphinx]:
    engine = LivePocketSphinx(LETTERS, 2)
    yield engine
    engine.close()


def test_a_session(live: LivePocketSphinx) -> None:
    samples = recording("ljspeech/LJ001-0013.wav")
    partials: list[str] = []
    for begin in range(0, len(samples), 8000):
        (readings,) = live.run([LiveSound("a", samples[begin : begin + 8000])])
        partials.append(" ".join(word.text for word in readings[0].words) if readings else "")
    assert len(set(partials)) >= 3, "words come while somebody speaks"
    (final,) = live.run([LiveSound("a", NOTHING, ends=True)])
    assert "operations" in [word.text for word in final[0].words]
    assert all(0.0 < word.confidence < 1.0 for word in final[0].words)
    # The next utterance of the session begins at its own zero.
    (again,) = live.run([LiveSound("a", samples[:24_000], ends=True)])
    assert again[0].words[0].start < 1.0


def test_no_more_sessions_than_there_are_decoders(live: LivePocketSphinx) -> None:
    live.run([LiveSound("a", NOTHING), LiveSound("b", NOTHING)])
    with pytest.raises(errors.LimitExceeded):
        live.run([LiveSound("c", NOTHING)])
    live.run([LiveSound("a", NOTHING, close=True)])
    live.run([LiveSound("c", NOTHING)])


def test_a_client_that_vanished_frees_its_decoder(live: LivePocketSphinx, monkeypatch: pytest.MonkeyPatch) -> None:
    live.run([LiveSound("a", NOTHING), LiveSound("b", NOTHING)])
    monkeypatch.setattr("services.transcription.engines.pocketsphinx._IDLE_SECONDS", -1.0)
    live.run([LiveSound("c", NOTHING)])


def test_closing_what_is_not_open(live: LivePocketSphinx) -> None:
    assert live.run([LiveSound("nobody", NOTHING, close=True)]) == [()]
