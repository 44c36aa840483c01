"""Audio as services want it: mono or per-channel samples at one rate, from any container that FFmpeg reads.

PyAV (FFmpeg) is imported when the first file is decoded.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared import errors

#: FFmpeg's names of the containers that are read: formats that AWS lists, and nothing that opens other files or URLs.
CONTAINERS = frozenset(
    {"wav", "flac", "mp3", "mov", "mp4", "m4a", "ogg", "amr", "matroska", "webm", "aac", "w64", "aiff"}
)
Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class AudioLimits:
    """What comes from outside may have at most this."""

    max_bytes: int = 2 * 1024**3
    max_seconds: float = 4 * 3600.0
    max_channels: int = 8
    min_sample_rate: int = 8_000
    max_sample_rate: int = 48_000 * 4


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """What a file says of itself."""

    container: str
    codec: str
    sample_rate: int
    channels: int
    #: Seconds as announced; None where the container does not say.
    seconds: float | None


class Audio:
    """An opened file. ``blocks`` decodes it piece by piece, so that hours of sound never stand in memory."""

    def __init__(self, source: bytes | Path, limits: AudioLimits | None = None) -> None:
        """Open and look at the header.

        Raises:
            InvalidArgument: it is no audio that is read here, or over a limit.
        """
        self._limits = limits or AudioLimits()
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        if size > self._limits.max_bytes:
            raise errors.InvalidArgument(f"The audio has more than {self._limits.max_bytes} bytes.")
        if size == 0:
            raise errors.InvalidArgument("The audio is empty.")
        import av

        self._av: Any = av
        opened = io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")
        try:
            # A file object, never a name: playlists and "concat:" then have no way to other files.
            self._container: Any = av.open(opened, mode="r", metadata_errors="ignore")
        except (av.error.FFmpegError, ValueError, EOFError) as failure:
            opened.close()
            raise errors.InvalidArgument("The bytes are not audio in a format that is read here.") from failure
        self._opened = opened
        try:
            self.format = self._look()
        except BaseException:
            self.close()
            raise

    def _look(self) -> AudioFormat:
        names = set(self._container.format.name.split(","))
        if not names & CONTAINERS:
            raise errors.InvalidArgument("The bytes are not audio in a format that is read here.")
        if not self._container.streams.audio:
            raise errors.InvalidArgument("The file has no sound track.")
        self._stream = self._container.streams.audio[0]
        context = self._stream.codec_context
        if context is None:
            raise errors.InvalidArgument("The sound is in a codec that is not read here.")
        rate, channels = int(context.sample_rate or 0), int(context.channels or 0)
        if not self._limits.min_sample_rate <= rate <= self._limits.max_sample_rate:
            raise errors.InvalidArgument(
                f"The sample rate must be {self._limits.min_sample_rate} to {self._limits.max_sample_rate} Hz."
            )
        if not 1 <= channels <= self._limits.max_channels:
            raise errors.InvalidArgument(f"The audio must have 1 to {self._limits.max_channels} channels.")
        announced = self._container.duration
        seconds = announced / self._av.time_base if announced else None
        if seconds is not None and seconds > self._limits.max_seconds:
            raise errors.InvalidArgument(f"The audio is longer than {self._limits.max_seconds:.0f} seconds.")
        return AudioFormat(min(names & CONTAINERS), context.name, rate, channels, seconds)

    def blocks(self, sample_rate: int, *, mono: bool = True) -> Iterator[Samples]:
        """Samples in -1..1 as float32 of shape (channels, n), resampled; channels is 1 when ``mono``.

        Raises:
            InvalidArgument: the sound is damaged, or longer than the limit (headers may lie).
        """
        layout = self._stream.codec_context.layout.name
        resampler = self._av.AudioResampler(format="fltp", layout=layout, rate=sample_rate)
        left = round(self._limits.max_seconds * sample_rate)
        decoded = 0
        try:
            for frame in self._container.decode(self._stream):
                for piece in resampler.resample(frame):
                    decoded += piece.samples
                    yield self._checked(piece, left - decoded, mono)
            for piece in resampler.resample(None):
                yield self._checked(piece, left, mono)
        except (self._av.error.FFmpegError, ValueError) as failure:
            if decoded:  # a damaged end: what was there before it has been given
                return
            raise errors.InvalidArgument("The sound is damaged and cannot be decoded.") from failure
        if not decoded:
            raise errors.InvalidArgument("The file has no sound.")

    def _checked(self, piece: Any, left: int, mono: bool) -> Samples:
        if left < 0:
            raise errors.InvalidArgument(f"The audio is longer than {self._limits.max_seconds:.0f} seconds.")
        samples: Samples = np.nan_to_num(piece.to_ndarray()).clip(-1.0, 1.0).astype(np.float32, copy=False)
        # Their mean: FFmpeg's own way to mono adds channels up, and what is alike in both would be cut off.
        return samples.mean(axis=0, keepdims=True) if mono else samples

    def samples(self, sample_rate: int, *, mono: bool = True) -> Samples:
        """All of it at once, for short sounds."""
        return np.concatenate(list(self.blocks(sample_rate, mono=mono)), axis=1)

    def close(self) -> None:
        self._container.close()
        self._opened.close()

    def __enter__(self) -> Audio:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
