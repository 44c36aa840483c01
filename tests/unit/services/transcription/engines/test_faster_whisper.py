"""The real loader of faster-whisper, on a model whose weights are random: what it writes is nonsense, its form is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from services.transcription.engines.faster_whisper import FasterWhisper, hotwords, load
from services.transcription.recognition import Phrase
from services.transcription.tasks import SpokenSample, Utterance
from shared import errors
from shared.models.catalog import CatalogEntry, Tier
from tests.unit.services.transcription.engines import tiny_whisper

pytest.importorskip("faster_whisper", reason="faster-whisper is in an engine environment of its own")
pytest.importorskip("ctranslate2", reason="CTranslate2 is in an engine environment of its own")

RATE = 16_000
NOISE = (np.random.default_rng(1).standard_normal(2 * RATE) * 0.1).astype(np.float32)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> FasterWhisper:
    directory = tmp_path_factory.mktemp("model")
    tiny_whisper.write_ctranslate2(directory)
    return load(entry(), directory, "cpu")


def entry() -> CatalogEntry:
    return CatalogEntry(
        id="tiny", task="recognize-speech", engine="services.transcription.engines.faster_whisper:load",
        tier=Tier.HEAVY, licence="-", description="-", memory_bytes=1, max_batch_size=4,
    )  # fmt: skip


def test_utterances_of_a_batch_keep_their_places(engine: FasterWhisper) -> None:
    items = [Utterance(NOISE, "en-US"), Utterance(NOISE[:RATE], "es-US"), Utterance(NOISE, "es-US")]
    results = engine.run(items)
    assert len(results) == 3
    for item, readings in zip(items, results, strict=True):
        assert isinstance(readings, tuple)
        for word in (word for reading in readings for word in reading.words):
            assert word.text.strip() == word.text != ""
            assert 0.0 <= word.start <= word.end
            assert word.start <= len(item.samples) / RATE + 0.1, "a time of another utterance of the batch"
            assert 0.0 <= word.confidence <= 1.0
    assert engine.run(items) == results, "the same sound gives the same words"


def test_words_come_at_all(engine: FasterWhisper) -> None:
    """Random weights speak of anything: if nothing came, the form would have been checked of nothing."""
    results = engine.run([Utterance(NOISE * gain, "en-US") for gain in (0.2, 1.0, 3.0)])
    assert any(readings for readings in results)


def test_a_model_of_english_cannot_tell_languages(engine: FasterWhisper) -> None:
    """What the tiny model is to CTranslate2; that real ones can, tests/unit/.../test_openai_whisper.py shows of Whisper."""
    if engine._model.model.is_multilingual:
        (chances,) = engine.run([SpokenSample(NOISE)])
        assert isinstance(chances, dict)
        assert sum(chances.values()) == pytest.approx(1.0, abs=1e-3)
    else:
        with pytest.raises(errors.FailedPrecondition):
            engine.run([SpokenSample(NOISE)])


def test_too_long_is_refused(engine: FasterWhisper) -> None:
    with pytest.raises(errors.InvalidArgument):
        engine.run([Utterance(np.zeros(31 * RATE, np.float32), "en-US")])


def test_a_vocabulary_becomes_hotwords(engine: FasterWhisper, tmp_path: Path) -> None:
    vocabulary = (Phrase("Los-Angeles"), Phrase("nonet", display_as="Nonet"))
    assert hotwords(vocabulary) == "Los Angeles, Nonet"
    assert hotwords(()) is None
    (readings,) = engine.run([Utterance(NOISE, "en-US", vocabulary=vocabulary)])
    assert isinstance(readings, tuple)
