"""A job's media: fetched from the object store into a file without a name, looked at, decoded channel by channel."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from services.transcription.recognition import SAMPLE_RATE, Samples, Sound
from shared import errors
from shared.media.audio import Audio, AudioFormat, AudioLimits
from shared.storage.names import ObjectName
from shared.storage.objects import ObjectStore

MAX_BYTES = 2 * 1024**3
MAX_SECONDS = 4 * 3600.0
MIN_RATE, MAX_RATE = 8_000, 48_000
#: Channels that ChannelIdentification takes; without it more are mixed into one.
MAX_LABELLED_CHANNELS, MAX_MIXED_CHANNELS = 2, 8

#: Rates are checked here, for the sake of the documented reasons.
_LIMITS = AudioLimits(MAX_BYTES, MAX_SECONDS, max_channels=64, min_sample_rate=1, max_sample_rate=10_000_000)
#: MediaFormat of each container, by FFmpeg's name for it.
_FORMATS = {
    "wav": "wav", "flac": "flac", "mp3": "mp3", "ogg": "ogg", "amr": "amr", "matroska": "webm", "webm": "webm",
    "m4a": "mp4", "mov": "mp4", "mp4": "mp4",
}  # fmt: skip
#: MPEG-4 sound files and films differ in a brand that writers disagree on: either name goes for both.
_ALIKE = frozenset({"mp4", "m4a"})
_SOUND_BRANDS = (b"M4A ", b"M4B ")
#: Opus has no rate of its own: it is decoded at any of these.
_OPUS_RATES = frozenset({8_000, 12_000, 16_000, 24_000, 48_000})
_PIECE_SAMPLES = 8 * SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What the media is. ``format`` is a word of MediaFormat, ``sample_rate`` in Hz; ``seconds`` None where unknown."""

    format: str
    sample_rate: int
    channels: int
    seconds: float | None


class MediaFile:
    """The media as a file of this machine. It has no name, so a process that is killed leaves nothing behind."""

    def __init__(self, file: IO[bytes], path: Path, etag: str) -> None:
        self._file = file
        self._path = path
        #: Of the object, to notice that it was replaced between two attempts.
        self.etag = etag

    def inspect(self, media_format: str, sample_rate: int, labelled_channels: bool) -> MediaInfo:
        """Look at the header and hold it against what the request says ("" and 0: nothing). Blocks; for a thread.

        Raises ``InvalidArgument``, with the documented reason.
        """
        with Audio(self._path, _LIMITS) as audio:
            found = audio.format
        detected = self._format(found)
        if not detected:
            raise _refused(f"Unsupported media format. The file is {found.container}.")
        if media_format and detected != media_format and not {detected, media_format} <= _ALIKE:
            raise _refused(
                f"The media format provided does not match the detected media format. The file is {detected}."
            )
        if not MIN_RATE <= found.sample_rate <= MAX_RATE:
            raise _refused("Invalid sample rate for audio file. It must be 8000 to 48000 Hz.")
        rates = _OPUS_RATES if found.codec in ("opus", "libopus") else {found.sample_rate}
        if sample_rate and sample_rate not in rates:
            raise _refused(
                "The sample rate provided does not match the detected sample rate. "
                f"The file has {found.sample_rate} Hz."
            )
        most = MAX_LABELLED_CHANNELS if labelled_channels else MAX_MIXED_CHANNELS
        if found.channels > most:
            raise _refused(
                "Invalid number of channels: number of channels too large. "
                f"The file has {found.channels}, at most {most} are taken."
            )
        return MediaInfo(media_format or detected, sample_rate or found.sample_rate, found.channels, found.seconds)

    def _format(self, found: AudioFormat) -> str:
        """The word of MediaFormat; "" for a container that is none of them."""
        detected = _FORMATS.get(found.container, "")
        if detected == "mp4":
            with self._path.open("rb") as file:
                head = file.read(12)
            return "m4a" if head[8:12] in _SOUND_BRANDS else "mp4"
        return detected

    def sound(self, channel: int | None, start: float = 0.0) -> Sound:
        """The sound of a channel (0, 1 ...; None: all mixed into one) from ``start`` seconds on."""
        skip = round(start * SAMPLE_RATE)
        return lambda: _blocks(self._path, channel, skip)

    def close(self) -> None:
        self._file.close()


def _blocks(path: Path, channel: int | None, skip: int) -> Iterator[Samples]:
    """Mono samples of bounded size. Raises ``InvalidArgument`` for sound that is damaged or too long."""
    with Audio(path, _LIMITS) as audio:
        # Mixed here and not by the decoder, which adds channels up: speech that is in both would be clipped.
        for block in audio.blocks(SAMPLE_RATE, mono=False):
            samples = block.mean(axis=0) if channel is None else block[channel]
            if skip >= samples.size:
                skip -= samples.size
                continue
            samples, skip = samples[skip:], 0
            for begin in range(0, samples.size, _PIECE_SAMPLES):
                yield np.ascontiguousarray(samples[begin : begin + _PIECE_SAMPLES])


@contextlib.asynccontextmanager
async def fetched(objects: ObjectStore, account: str, place: ObjectName) -> AsyncIterator[MediaFile]:
    """The object as a file, gone when the context is left.

    Raises ``InvalidArgument``: there is no such object, or it is too large; the message is the job's FailureReason.
    """
    try:
        reader = await objects.open(account, *place)
    except (errors.NotFound, errors.PermissionDenied, errors.InvalidArgument) as error:
        raise _refused("The media file cannot be read: check its bucket, key and owner.") from error
    if reader.length > MAX_BYTES:
        raise _refused(f"Invalid file size: file size too large. At most {MAX_BYTES} bytes are taken.")
    file = tempfile.NamedTemporaryFile(prefix="nonet-transcription-", delete=False)  # noqa: SIM115 - closed below
    try:
        path = _forget_name(file)
        async for chunk in reader:
            await asyncio.to_thread(file.write, chunk)
        file.flush()
        yield MediaFile(file, path, reader.info.etag)
    finally:
        file.close()
        Path(file.name).unlink(missing_ok=True)


def _forget_name(file: IO[bytes]) -> Path:
    """A path to an open file: without a name in any folder where the system allows that."""
    nameless = Path(f"/proc/self/fd/{file.fileno()}")
    if not nameless.exists():
        return Path(file.name)
    Path(file.name).unlink()
    return nameless


def _refused(reason: str) -> errors.InvalidArgument:
    return errors.InvalidArgument(reason, aws_code="BadRequestException")
