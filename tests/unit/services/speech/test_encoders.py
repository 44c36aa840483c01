"""Every format comes back as the sound that went in."""

from __future__ import annotations

import numpy as np
import pytest

from services.speech.encoders import FORMATS, open_encoder
from services.speech.phrases import Samples
from shared.media.audio import Audio

RATE = 22_050


def tone(seconds: float) -> Samples:
    times = np.arange(int(seconds * RATE)) / RATE
    return (8000 * np.sin(2 * np.pi * 440 * times)).astype(np.int16)


def encoded(name: str, sample_rate: int, samples: Samples) -> bytes:
    encoder = open_encoder(name, RATE, sample_rate)
    # Pieces of odd sizes, as phrases are.
    pieces = [encoder.encode(piece) for piece in np.array_split(samples, 7)]
    return b"".join((*pieces, encoder.finish()))


def mulaw(data: bytes) -> np.ndarray:
    """G.711's own formula."""
    value = ~np.frombuffer(data, np.uint8).astype(np.int32)
    magnitude = (((value & 0x0F) << 3) + 0x84) << ((value & 0x70) >> 4)
    return np.where(value & 0x80, 0x84 - magnitude, magnitude - 0x84)


def frequency(samples: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate / len(samples))


@pytest.mark.parametrize(
    ("name", "rate"), [(name, rate) for name, audio in FORMATS.items() for rate in audio.sample_rates]
)
def test_length_rate_and_pitch_survive(name: str, rate: int) -> None:
    data = encoded(name, rate, tone(1.0))
    if name == "pcm":
        samples = np.frombuffer(data, "<i2").astype(float)
    elif name == "mulaw":
        samples = mulaw(data).astype(float)
    elif name == "alaw":
        assert abs(len(data) - rate) < 10
        return
    else:
        with Audio(data) as audio:
            assert audio.format.sample_rate == rate and audio.format.channels == 1
            samples = audio.samples(rate)[0].astype(float)
    assert abs(len(samples) / rate - 1.0) < 0.25
    assert abs(frequency(samples, rate) - 440) < 5


@pytest.mark.parametrize("name", FORMATS)
def test_no_sound_at_all(name: str) -> None:
    encoder = open_encoder(name, RATE, FORMATS[name].default_rate)
    assert isinstance(encoder.encode(np.zeros(0, np.int16)) + encoder.finish(), bytes)


def test_bytes_come_before_the_end() -> None:
    for name in FORMATS:
        encoder = open_encoder(name, RATE, FORMATS[name].default_rate)
        assert encoder.encode(tone(10)), name
        encoder.finish()
