"""Sound in every container that AWS lists, and what is none."""

from __future__ import annotations

import io
import struct
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import errors
from shared.media.audio import Audio, AudioLimits

FORMATS = [
    ("wav", "pcm_s16le", 16_000), ("wav", "pcm_s16le", 8_000), ("flac", "flac", 44_100), ("mp3", "libmp3lame", 22_050),
    ("mp4", "aac", 48_000), ("ogg", "libvorbis", 44_100), ("ogg", "libopus", 48_000), ("webm", "libopus", 48_000),
    ("matroska", "pcm_s16le", 16_000),
]  # fmt: skip


def tone(seconds: float, rate: int, channels: int = 1) -> np.ndarray:
    """440 Hz on the first channel, 880 on the second."""
    time = np.arange(int(seconds * rate)) / rate
    return np.stack([0.5 * np.sin(2 * np.pi * 440 * (channel + 1) * time) for channel in range(channels)]).astype(np.float32)


def encoded(samples: np.ndarray, container: str, codec: str, rate: int) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        layout = "mono" if samples.shape[0] == 1 else "stereo"
        try:
            stream = output.add_stream(codec, rate=rate, layout=layout)
        except ValueError:
            pytest.skip(f"this FFmpeg cannot write {codec}")
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
        resampler = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=rate, frame_size=stream.codec_context.frame_size or 1024)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return buffer.getvalue()


def pitch(samples: np.ndarray, rate: int) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples))


@pytest.mark.parametrize(("container", "codec", "rate"), FORMATS)
def test_every_format_gives_the_same_tone(container: str, codec: str, rate: int) -> None:
    with Audio(encoded(tone(1.0, rate), container, codec, rate)) as audio:
        assert (audio.format.sample_rate, audio.format.channels) == (rate, 1)
        samples = audio.samples(16_000)
    assert samples.shape[0] == 1 and samples.shape[1] == pytest.approx(16_000, rel=0.05)
    assert pitch(samples[0], 16_000) == pytest.approx(440, abs=3)


def test_channels_stay_apart_or_are_mixed() -> None:
    data = encoded(tone(1.0, 16_000, 2), "wav", "pcm_s16le", 16_000)
    with Audio(data) as audio:
        both = audio.samples(16_000, mono=False)
    assert [round(pitch(channel, 16_000), -1) for channel in both] == [440, 880]
    with Audio(data) as audio:
        assert audio.samples(8_000).shape[0] == 1


def test_what_both_channels_have_is_mixed_without_clipping() -> None:
    loud = np.repeat(tone(0.5, 16_000) * 1.9, 2, axis=0)
    with Audio(encoded(loud, "wav", "pcm_s16le", 16_000)) as audio:
        mixed = audio.samples(16_000)
    assert mixed.shape == (1, 8_000)
    assert np.abs(mixed[0] - loud[0]).max() < 0.001


def test_long_sound_comes_in_pieces() -> None:
    with Audio(encoded(tone(30, 16_000), "flac", "flac", 16_000)) as audio:
        pieces = [block.shape[1] for block in audio.blocks(16_000)]
    assert sum(pieces) == 480_000 and max(pieces) <= 16_000


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b"RIFF\x00\x00\x00\x00WAVE", b"\xff" * 5000, b"<html>no</html>", b"#EXTM3U\nfile:///etc/passwd\n",
     b"ffconcat version 1.0\nfile '/etc/passwd'\n", b"%PDF-1.4", b"\x89PNG\r\n\x1a\n" + b"\0" * 100],
)  # fmt: skip
def test_what_is_no_audio_is_refused(data: bytes) -> None:
    with pytest.raises(errors.InvalidArgument), Audio(data) as audio:
        audio.samples(16_000)


def test_limits_hold_even_where_the_header_lies() -> None:
    data = encoded(tone(3.0, 16_000), "wav", "pcm_s16le", 16_000)
    with pytest.raises(errors.InvalidArgument, match="longer"):
        Audio(data, AudioLimits(max_seconds=2))
    lying = bytearray(data)
    at = data.index(b"data") + 4
    lying[at : at + 4] = struct.pack("<I", 0xFFFFFFFF)
    with pytest.raises(errors.InvalidArgument, match="longer"), Audio(bytes(lying), AudioLimits(max_seconds=2)) as audio:
        audio.samples(16_000)
    with pytest.raises(errors.InvalidArgument, match="bytes"):
        Audio(data, AudioLimits(max_bytes=100))
    with pytest.raises(errors.InvalidArgument, match="channels"):
        Audio(encoded(tone(1.0, 16_000, 2), "wav", "pcm_s16le", 16_000), AudioLimits(max_channels=1))
    with pytest.raises(errors.InvalidArgument, match="sample rate"):
        Audio(data, AudioLimits(min_sample_rate=22_050))


def test_a_truncated_file_gives_what_it_has() -> None:
    data = encoded(tone(2.0, 16_000), "flac", "flac", 16_000)
    with Audio(data[: len(data) // 2]) as audio:
        assert 4_000 < audio.samples(16_000).shape[1] < 32_000


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_a_damaged_header_is_refused_or_read(offset: int, damage: bytes) -> None:
    data = bytearray(encoded(tone(0.2, 8_000), "wav", "pcm_s16le", 8_000))
    data[offset : offset + len(damage)] = damage
    try:
        with Audio(bytes(data)) as audio:
            samples = audio.samples(8_000)
    except errors.InvalidArgument:
        return
    assert np.isfinite(samples).all() and np.abs(samples).max() <= 1
