"""Chunks of live sound, cut anywhere: what comes out is what FFmpeg's encoders were given."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.transcription.live_audio import MAX_WAITING_BYTES, FlacDecoder, LiveDecoder, OggOpusDecoder, open_decoder
from shared import errors

av: Any = pytest.importorskip("av")


def tones(rate: int, channels: int, seconds: float) -> np.ndarray[Any, Any]:
    moments = np.arange(round(rate * seconds)) / rate
    return np.stack([(8000 * np.sin(2 * np.pi * (300 + 200 * n) * moments)).astype(np.int16) for n in range(channels)])


def encoded(container: str, codec: str, rate: int, samples: np.ndarray[Any, Any]) -> bytes:
    layout = "mono" if samples.shape[0] == 1 else "stereo"
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(samples.T.reshape(1, -1).copy(), format="s16", layout=layout)
        frame.sample_rate = rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)
    return buffer.getvalue()


def decoded(decoder: LiveDecoder, data: bytes, size: int) -> np.ndarray[Any, Any]:
    parts = [decoder.feed(data[start : start + size]) for start in range(0, len(data), size)]
    return np.concatenate([*parts, decoder.finish()], axis=1)


FLAC = {channels: encoded("flac", "flac", 16_000, tones(16_000, channels, 3.0)) for channels in (1, 2)}
OPUS = encoded("ogg", "libopus", 48_000, tones(48_000, 1, 3.0))


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("size", [1, 17, 700, 8_000])
def test_pcm(channels: int, size: int) -> None:
    samples = tones(16_000, channels, 0.1)
    found = decoded(open_decoder("pcm", 16_000, channels), samples.T.tobytes(), size)
    assert found.dtype == np.int16 and np.array_equal(found, samples)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("size", [13, 700, 20_000])
def test_flac_is_lossless(channels: int, size: int) -> None:
    found = decoded(open_decoder("flac", 16_000, channels), FLAC[channels], size)
    assert np.array_equal(np.round(found * 32768).astype(np.int16), tones(16_000, channels, 3.0))


def test_flac_comes_without_delay() -> None:
    """All but the frame under way is there at once: nothing else says that it is whole."""
    decoder = FlacDecoder(16_000, 1)
    heard = sum(decoder.feed(FLAC[1][start : start + 500]).shape[1] for start in range(0, len(FLAC[1]), 500))
    assert heard >= 3 * 16_000 - 4_608


def test_opus_begins_where_the_sound_begins() -> None:
    found = decoded(open_decoder("ogg-opus", 16_000, 1), OPUS, 500)[0]
    wanted = tones(48_000, 1, 3.0)[0] / 32768
    assert found.size >= wanted.size
    assert np.corrcoef(found[4_800 : wanted.size], wanted[4_800:])[0, 1] > 0.99


@pytest.mark.parametrize(
    ("encoding", "rate", "channels", "data"),
    [
        ("flac", 8_000, 1, FLAC[1]),
        ("flac", 16_000, 2, FLAC[1]),
        ("flac", 16_000, 1, OPUS),
        ("flac", 16_000, 1, b"fLaC\x84\x00\x00\x10" + bytes(16)),
        ("flac", 16_000, 1, b"fLaC\x00\x00\x00\x22" + FLAC[1][8:42] + b"\x06\xff\xff\xff"),
        ("flac", 16_000, 1, FLAC[1][:42] + b"\x84\x00\x00\x00" + b"\x55" * (MAX_WAITING_BYTES + 1)),
        ("ogg-opus", 48_000, 2, OPUS),
        ("ogg-opus", 48_000, 1, FLAC[1]),
        ("ogg-opus", 48_000, 1, OPUS[:47] + b"X" * 100),
        ("ogg-opus", 48_000, 1, b"OggS" + b"\0" * 22 + b"\x01\x05Hello"),
    ],
)
def test_other_sound_is_refused(encoding: str, rate: int, channels: int, data: bytes) -> None:
    decoder = open_decoder(encoding, rate, channels)
    with pytest.raises(errors.InvalidArgument):
        decoded(decoder, data, 10_000)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(OPUS) - 1), st.binary(max_size=60), st.integers(50, 3_000))
def test_damage_is_refused_or_decoded_but_never_anything_else(place: int, noise: bytes, size: int) -> None:
    for decoder, data in ((OggOpusDecoder(1), OPUS), (FlacDecoder(16_000, 1), FLAC[1][:20_000])):
        broken = data[:place] + noise + data[place + len(noise) :]
        try:
            found = decoded(decoder, broken, size)
        except errors.InvalidArgument:
            continue
        assert found.ndim == 2 and np.isfinite(found).all()
