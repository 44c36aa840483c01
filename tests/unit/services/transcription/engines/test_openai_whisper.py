"""The real loader of openai-whisper, on a checkpoint whose weights are random."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from services.transcription.engines.openai_whisper import OpenAiWhisper, load
from services.transcription.recognition import Phrase
from services.transcription.tasks import SpokenSample, Utterance
from shared import errors
from shared.models.catalog import CatalogEntry, Tier
from tests.unit.services.transcription.engines import tiny_whisper

pytest.importorskip("torch", reason="torch is in an engine environment of its own")
pytest.importorskip("whisper", reason="openai-whisper is in an engine environment of its own")

RATE = 16_000
NOISE = (np.random.default_rng(1).standard_normal(2 * RATE) * 0.1).astype(np.float32)
ENTRY = CatalogEntry(
    id="tiny", task="recognize-speech", engine="services.transcription.engines.openai_whisper:load",
    tier=Tier.HEAVY, licence="-", description="-", memory_bytes=1,
)  # fmt: skip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> OpenAiWhisper:
    directory = tmp_path_factory.mktemp("model")
    tiny_whisper.write_openai(directory / "tiny.pt")
    return load(ENTRY, directory, "cpu")


def test_utterances(engine: OpenAiWhisper) -> None:
    items = [Utterance(NOISE, "en-GB"), Utterance(NOISE[:RATE], "de-DE", vocabulary=(Phrase("Nonet"),))]
    results = engine.run(items)
    assert len(results) == 2
    for readings in results:
        assert isinstance(readings, tuple)
        for word in (word for reading in readings for word in reading.words):
            assert word.text
            assert 0.0 <= word.start <= word.end
            assert 0.0 <= word.confidence <= 1.0


def test_languages_have_probabilities(engine: OpenAiWhisper) -> None:
    (chances,) = engine.run([SpokenSample(NOISE)])
    assert isinstance(chances, dict)
    assert "en" in chances
    assert sum(chances.values()) == pytest.approx(1.0, abs=1e-3)


def test_too_long_is_refused(engine: OpenAiWhisper) -> None:
    with pytest.raises(errors.InvalidArgument):
        engine.run([Utterance(np.zeros(31 * RATE, np.float32), "en-US")])


def test_a_folder_without_a_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(errors.FailedPrecondition):
        load(ENTRY, tmp_path, "cpu")
