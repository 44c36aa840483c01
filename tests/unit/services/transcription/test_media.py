"""Media as files without a name: what they are told to be, what they are, and what is left of them."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.transcription import media
from services.transcription.media import fetched
from shared import errors
from shared.platform import Platform
from shared.settings import Settings
from shared.storage.names import ObjectName
from tests.running import forget_metrics
from tests.unit.services.transcription.hearing import RATE, said, wav

av: Any = pytest.importorskip("av")
soundfile: Any = pytest.importorskip("soundfile")
ACCOUNT = "000000000000"
PLACE = ObjectName("sounds", "talk")
TALK = said((0.5, 1.0, 4), (2.0, 2.5, 8), seconds=3.0)


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    forget_metrics()
    opened = Platform.open(Settings(data_directory=tmp_path / "data"))
    await opened.objects.create_bucket(ACCOUNT, "sounds")
    yield opened
    await opened.close()


def encoded(
    container: str, codec: str, rate: int = 16_000, layout: str = "mono", options: dict[str, str] | None = None
) -> bytes:
    """Two seconds of tone."""
    channels = 2 if layout == "stereo" else 1
    tone = (9000 * np.sin(2 * np.pi * 300 * np.arange(rate * 2) / rate)).astype(np.int16)
    buffer = io.BytesIO()
    if codec == "vorbis":  # FFmpeg's own encoder is experimental
        soundfile.write(buffer, tone, rate, format="OGG", subtype="VORBIS")
        return buffer.getvalue()
    with av.open(buffer, "w", format=container, options=options or {}) as file:
        stream = file.add_stream(codec, rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.repeat(tone, channels)[None], format="s16", layout=layout)
        frame.sample_rate, frame.pts = rate, 0
        resampler = av.AudioResampler(format=stream.format, layout=layout, rate=rate, frame_size=stream.frame_size or 0)
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            for packet in stream.encode(piece):
                file.mux(packet)
        for packet in stream.encode(None):
            file.mux(packet)
    return buffer.getvalue()


async def inspect(
    platform: Platform, data: bytes, media_format: str = "", rate: int = 0, labelled: bool = False
) -> media.MediaInfo:
    await platform.objects.put(ACCOUNT, *PLACE, data)
    async with fetched(platform.objects, ACCOUNT, PLACE) as file:
        return file.inspect(media_format, rate, labelled)


@pytest.mark.parametrize(
    ("container", "codec", "rate", "found"),
    [
        ("wav", "pcm_s16le", 16_000, ("wav", 16_000)),
        ("wav", "pcm_mulaw", 8_000, ("wav", 8_000)),
        ("flac", "flac", 44_100, ("flac", 44_100)),
        ("mp3", "libmp3lame", 44_100, ("mp3", 44_100)),
        ("ipod", "aac", 44_100, ("m4a", 44_100)),
        ("mp4", "aac", 48_000, ("mp4", 48_000)),
        ("ogg", "vorbis", 22_050, ("ogg", 22_050)),
        ("ogg", "libopus", 48_000, ("ogg", 48_000)),
        ("webm", "libopus", 48_000, ("webm", 48_000)),
        ("amr", "libopencore_amrnb", 8_000, ("amr", 8_000)),
    ],
)
async def test_every_documented_format(
    platform: Platform, container: str, codec: str, rate: int, found: tuple[str, int]
) -> None:
    options = {"b:a": "12200"} if container == "amr" else None
    data = encoded(container, codec, rate, options=options)
    info = await inspect(platform, data)
    assert (info.format, info.sample_rate) == found and info.channels == 1
    assert (await inspect(platform, data, info.format, rate)).format == info.format
    async with fetched(platform.objects, ACCOUNT, PLACE) as file:
        samples = np.concatenate(list(file.sound(None)()))
    assert samples.dtype == np.float32 and samples.size == pytest.approx(2 * RATE, rel=0.1) and samples.max() > 0.15


@pytest.mark.parametrize(
    ("data", "claims", "reason"),
    [
        (wav(TALK), ("flac", 0, False), "media format provided does not match"),
        (wav(TALK), ("", 8_000, False), "sample rate provided does not match"),
        (wav(TALK, rate=4_000), ("", 0, False), "Invalid sample rate"),
        (wav(TALK, rate=96_000), ("", 0, False), "Invalid sample rate"),
        (wav(*[TALK] * 3), ("", 0, True), "Invalid number of channels"),
        (wav(*[TALK] * 9), ("", 0, False), "Invalid number of channels"),
        (encoded("aiff", "pcm_s16be"), ("", 0, False), "Unsupported media format"),
        (b"#EXTM3U\n/etc/passwd\n", ("", 0, False), "not audio"),
    ],
)
async def test_what_does_not_fit_is_told(platform: Platform, data: bytes, claims: Any, reason: str) -> None:
    with pytest.raises(errors.InvalidArgument, match=reason):
        await inspect(platform, data, *claims)


async def test_either_name_of_mpeg_4_and_any_rate_of_opus(platform: Platform) -> None:
    assert (await inspect(platform, encoded("mp4", "aac", 44_100), "m4a")).format == "m4a"
    assert (await inspect(platform, encoded("ogg", "libopus", 48_000), "ogg", 16_000)).sample_rate == 16_000


async def test_channels_and_beginnings(platform: Platform) -> None:
    await platform.objects.put(ACCOUNT, *PLACE, wav(TALK, TALK[::-1]))
    async with fetched(platform.objects, ACCOUNT, PLACE) as file:
        for channel, wanted in ((0, TALK), (1, TALK[::-1]), (None, (TALK + TALK[::-1]) / 2)):
            for start in (0.0, 0.16, 2.4):
                found = np.concatenate(list(file.sound(channel, start)()))
                assert np.abs(found - wanted[round(start * RATE) :]).max() < 0.001
        sound = file.sound(None)
        assert sum(block.size for block in sound()) == sum(block.size for block in sound()) == 3 * RATE
        assert not list(file.sound(None, 10.0)())


async def test_a_header_that_lies_about_the_length(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """An mp3 without a length is decoded until the limit, not believed."""
    limits = media.AudioLimits(media.MAX_BYTES, 1.0, max_channels=64, min_sample_rate=1, max_sample_rate=10_000_000)
    monkeypatch.setattr(media, "_LIMITS", limits)
    frames = encoded("mp3", "libmp3lame", 44_100, options={"write_xing": "0"})
    await platform.objects.put(ACCOUNT, *PLACE, frames)
    with pytest.raises(errors.InvalidArgument, match="longer than"):
        async with fetched(platform.objects, ACCOUNT, PLACE) as file:
            file.inspect("", 0, False)
            list(file.sound(None)())


async def test_what_is_too_large_or_not_there(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(errors.InvalidArgument, match="cannot be read"):
        await inspect_nothing(platform)
    monkeypatch.setattr(media, "MAX_BYTES", 1_000)
    with pytest.raises(errors.InvalidArgument, match="file size too large"):
        await inspect(platform, wav(TALK))


async def inspect_nothing(platform: Platform) -> None:
    async with fetched(platform.objects, ACCOUNT, ObjectName("sounds", "nothing")):
        raise AssertionError("there is nothing")


async def test_the_file_has_no_name_while_it_is_used(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    await platform.objects.put(ACCOUNT, *PLACE, wav(TALK))
    async with fetched(platform.objects, ACCOUNT, PLACE) as file:
        assert sum(block.size for block in file.sound(0)()) == 3 * RATE
        if Path("/proc/self/fd").exists():
            assert not list(folder.iterdir())
    assert not list(folder.iterdir())


async def test_files_are_closed(platform: Platform) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("this system does not list open files")
    await inspect(platform, wav(TALK))
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        async with fetched(platform.objects, ACCOUNT, PLACE) as file:
            next(iter(file.sound(None)()))
    assert len(os.listdir("/proc/self/fd")) <= before
