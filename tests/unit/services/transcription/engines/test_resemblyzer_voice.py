"""Vectors of voices by the committed network."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from services.transcription.engines.resemblyzer_voice import ResemblyzerVoice, load, mel_filters, mel_spectrum
from services.transcription.tasks import Voice
from shared import errors
from shared.models.catalog import Catalog
from tests.unit.services.transcription.recordings import recording

if find_spec("resemblyzer") is None:
    pytest.skip("the weights come with the package Resemblyzer", allow_module_level=True)


def encoder() -> ResemblyzerVoice:
    entry = Catalog.load().get("resemblyzer-voice")
    assert entry is not None
    return load(entry, Path(), "cpu")


VOICE = encoder()
WINDOW = round(1.6 * 16_000)


def test_filters_are_slaneys() -> None:
    """Their centres: 40 bands to 8 kHz; the values are the scale's definition, not the code's."""
    filters = mel_filters()
    assert filters.shape == (40, 201)
    centres = filters.argmax(axis=1) * 40.0
    assert centres[0] == pytest.approx(75, abs=40)
    assert centres[-1] == pytest.approx(7450, abs=80)
    # Triangles of equal area.
    areas = filters.sum(axis=1) * 40.0
    assert areas[10:] == pytest.approx(1.0, abs=0.12)


def test_a_tone_is_in_its_band() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(WINDOW) / 16_000).astype(np.float32)
    spectrum = mel_spectrum(tone, mel_filters())
    assert spectrum.shape == (161, 40)
    band = int(spectrum[80].argmax())
    assert abs(mel_filters()[band].argmax() * 40.0 - 1000) <= 80


def test_the_same_voice_is_nearer_than_another() -> None:
    linda, kennedy = recording("ljspeech/LJ001-0001.wav"), recording("jfk.flac")
    cuts = [linda[16_000:], linda[64_000:], linda[96_000:], kennedy[16_000:], kennedy[100_000:]]
    one, two, three, *others = VOICE.run([Voice(cut[:WINDOW]) for cut in cuts])
    same = min(float(one @ two), float(one @ three), float(two @ three))
    for other in others:
        assert max(float(one @ other), float(two @ other), float(three @ other)) < same
    assert np.linalg.norm(one) == pytest.approx(1.0, abs=1e-4)


def test_loudness_does_not_matter() -> None:
    sound = recording("ljspeech/LJ001-0001.wav")[16_000 : 16_000 + WINDOW]
    # Both are quieter than what the encoder was trained with, so both are raised to that level.
    quiet, quieter = VOICE.run([Voice(sound * 0.1), Voice(sound * 0.01)])
    assert float(quiet @ quieter) > 0.999


def test_lengths_may_differ_and_have_a_minimum() -> None:
    sound = recording("ljspeech/LJ001-0001.wav")
    assert len(VOICE.run([Voice(sound[:20_000]), Voice(sound[:WINDOW]), Voice(sound[:20_000])])) == 3
    with pytest.raises(errors.InvalidArgument):
        VOICE.run([Voice(sound[:1000])])
