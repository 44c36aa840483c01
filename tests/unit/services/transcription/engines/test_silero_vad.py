"""Speech or not, by the committed network."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from services.transcription.engines.silero_vad import SileroVad, load
from services.transcription.tasks import FRAME, Frames
from shared import errors
from shared.models.catalog import Catalog
from tests.unit.services.transcription.recordings import recording, silence

if find_spec("silero_vad") is None:
    pytest.skip("the network comes with the package silero-vad", allow_module_level=True)


def detector() -> SileroVad:
    entry = Catalog.load().get("silero-vad")
    assert entry is not None
    return load(entry, Path(), "cpu")


VAD = detector()


def test_silence_and_noise_are_no_speech() -> None:
    noise = (np.random.default_rng(0).standard_normal(100 * FRAME) * 0.05).astype(np.float32)
    for samples in (silence(3.2), noise):
        (chances,) = VAD.run([Frames(samples)])
        assert chances.probabilities.max() < 0.5


def test_speech_is_speech_however_it_is_cut() -> None:
    samples = recording("jfk.flac")
    samples = samples[: len(samples) // FRAME * FRAME]
    (whole,) = VAD.run([Frames(samples)])
    assert np.mean(whole.probabilities > 0.5) > 0.5
    pieces, memory = [], None
    for begin in range(0, len(samples), 7 * FRAME):
        (chances,) = VAD.run([Frames(samples[begin : begin + 7 * FRAME], memory)])
        pieces.append(chances.probabilities)
        memory = chances.memory
    assert np.abs(np.concatenate(pieces) - whole.probabilities).max() < 1e-4


def test_whole_frames_only() -> None:
    with pytest.raises(errors.InvalidArgument):
        VAD.run([Frames(np.zeros(FRAME + 1, np.float32))])
