"""Live sound of any rate at 16 kHz, without seams."""

from __future__ import annotations

import numpy as np
import pytest

from services.transcription.resampling import Resampler


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_a_tone_stays_a_tone(rate: int) -> None:
    seconds = np.arange(rate) / rate
    tone = (np.sin(2 * np.pi * 440 * seconds) * 16_000).astype(np.int16)
    resampler = Resampler(rate)
    parts = [resampler.feed(tone[begin : begin + 777]) for begin in range(0, rate, 777)]
    sound = np.concatenate((*parts, resampler.finish()))
    assert sound.dtype == np.float32
    assert abs(len(sound) - 16_000) <= 64
    spectrum = np.abs(np.fft.rfft(sound[1000:15_000] * np.hanning(14_000)))
    peak = spectrum.argmax()
    assert peak * 16_000 / 14_000 == pytest.approx(440, abs=2)
    # Seams would spread over the whole spectrum.
    spectrum[max(0, peak - 40) : peak + 40] = 0
    assert spectrum.max() < 0.01 * np.abs(np.fft.rfft(sound[1000:15_000] * np.hanning(14_000))).max()


def test_floats_and_what_is_no_number() -> None:
    sound = Resampler(16_000).feed(np.array([0.5, np.nan, 7.0], np.float32))
    assert sound.tolist() == [0.5, 0.0, 1.0]
