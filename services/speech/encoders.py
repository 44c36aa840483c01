"""Speech as the bytes of an audio format, piece by piece as it is spoken.

MP3 (LAME), Opus, G.711 and resampling by PyAV (FFmpeg); Vorbis by libsndfile, because PyAV's wheels have FFmpeg's own
experimental encoder alone. Both are imported when the first sound is encoded.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from services.speech.phrases import Samples


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """A format by Polly's name: what HTTP calls it, and the sample rates that it may have (Hz)."""

    content_type: str
    sample_rates: tuple[int, ...]
    default_rate: int
    default_neural_rate: int


_COMPRESSED_RATES = (8_000, 16_000, 22_050, 24_000, 44_100, 48_000)
FORMATS: Mapping[str, AudioFormat] = {
    "mp3": AudioFormat("audio/mpeg", _COMPRESSED_RATES, 22_050, 24_000),
    "ogg_vorbis": AudioFormat("audio/ogg", _COMPRESSED_RATES, 22_050, 24_000),
    "ogg_opus": AudioFormat("audio/ogg", (48_000,), 48_000, 48_000),
    "pcm": AudioFormat("audio/pcm", (8_000, 16_000), 16_000, 16_000),
    "mulaw": AudioFormat("audio/mulaw", (8_000,), 8_000, 8_000),
    "alaw": AudioFormat("audio/alaw", (8_000,), 8_000, 8_000),
}


class Encoder(Protocol):
    """Takes mono samples, gives bytes; what both give, joined, is the whole stream."""

    def encode(self, samples: Samples) -> bytes: ...
    def finish(self) -> bytes: ...


def open_encoder(name: str, source_rate: int, sample_rate: int) -> Encoder:
    """An encoder of the format ``name`` for samples at ``source_rate``, which come out at ``sample_rate``."""
    import av
    import soundfile  # type: ignore[import-untyped]

    if name == "pcm":
        return _Pcm(av, source_rate, sample_rate)
    if name == "ogg_vorbis":
        return _Vorbis(av, soundfile, source_rate, sample_rate)
    if name == "ogg_opus":
        return _Opus(av, source_rate, sample_rate)
    return _Codec(av, name, source_rate, sample_rate)


class _Resampler:
    """Samples at one rate -> frames at another, ``frame_size`` samples each (0 = as they come)."""

    def __init__(self, av: Any, source_rate: int, sample_rate: int, sample_format: str, frame_size: int = 0) -> None:
        self._av = av
        self._source_rate = source_rate
        self._resampler = av.AudioResampler(
            format=sample_format, layout="mono", rate=sample_rate, frame_size=frame_size or None
        )

    def frames(self, samples: Samples) -> list[Any]:
        if not len(samples):
            return []
        frame = self._av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples)[np.newaxis, :], format="s16", layout="mono"
        )
        frame.sample_rate = self._source_rate
        return list(self._resampler.resample(frame))

    def rest(self) -> list[Any]:
        try:
            return list(self._resampler.resample(None))
        except ValueError:  # nothing was ever put in
            return []


class _Pcm:
    """Signed 16 bits, little-endian."""

    def __init__(self, av: Any, source_rate: int, sample_rate: int) -> None:
        self._resampler = _Resampler(av, source_rate, sample_rate, "s16")

    def encode(self, samples: Samples) -> bytes:
        return _joined(self._resampler.frames(samples))

    def finish(self) -> bytes:
        return _joined(self._resampler.rest())


def _joined(frames: Iterable[Any]) -> bytes:
    return b"".join(frame.to_ndarray().astype("<i2").tobytes() for frame in frames)


#: Polly's name -> FFmpeg's encoder and the samples it takes.
_CODECS = {"mp3": ("libmp3lame", "s16p"), "mulaw": ("pcm_mulaw", "s16"), "alaw": ("pcm_alaw", "s16")}


class _Codec:
    """Formats whose packets, one after the other, are the stream."""

    def __init__(self, av: Any, name: str, source_rate: int, sample_rate: int) -> None:
        codec, sample_format = _CODECS[name]
        context = av.CodecContext.create(codec, "w")
        context.sample_rate, context.layout, context.format = sample_rate, "mono", sample_format
        if name == "mp3":
            # Constant, so that a player knows the length of a stream without an index at its head.
            context.bit_rate = 48_000 if sample_rate <= 24_000 else 96_000
            # LAME's quickest search but two: speech at this bit rate gains nothing from the slow ones.
            context.options = {"compression_level": "7"}
        context.open()
        self._context = context
        self._resampler = _Resampler(av, source_rate, sample_rate, sample_format, context.frame_size)

    def encode(self, samples: Samples) -> bytes:
        return self._packets(self._resampler.frames(samples))

    def finish(self) -> bytes:
        last = self._packets(self._resampler.rest())
        return last + b"".join(bytes(packet) for packet in self._context.encode(None))

    def _packets(self, frames: Iterable[Any]) -> bytes:
        return b"".join(bytes(packet) for frame in frames for packet in self._context.encode(frame))


class _Sink(io.RawIOBase):
    """Where a writer of containers writes: bytes that can be taken away at any time, and no way back."""

    def __init__(self) -> None:
        super().__init__()
        self._new = bytearray()
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._new += data
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        return self._written

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """libsndfile asks for the length in this way; there is only the end to go to."""
        return self._written

    def take(self) -> bytes:
        taken = bytes(self._new)
        self._new.clear()
        return taken


class _Opus:
    """Opus in Ogg."""

    def __init__(self, av: Any, source_rate: int, sample_rate: int) -> None:
        self._sink = _Sink()
        self._container = av.open(self._sink, "w", format="ogg")
        self._stream = self._container.add_stream("libopus", rate=sample_rate)
        self._stream.layout, self._stream.bit_rate = "mono", 32_000
        self._stream.codec_context.open()
        self._resampler = _Resampler(av, source_rate, sample_rate, "s16", self._stream.codec_context.frame_size)

    def encode(self, samples: Samples) -> bytes:
        self._mux(self._resampler.frames(samples))
        return self._sink.take()

    def finish(self) -> bytes:
        self._mux([*self._resampler.rest(), None])
        self._container.close()
        return self._sink.take()

    def _mux(self, frames: Iterable[Any]) -> None:
        for frame in frames:
            self._container.mux(self._stream.encode(frame))


class _Vorbis:
    """Vorbis in Ogg."""

    def __init__(self, av: Any, soundfile: Any, source_rate: int, sample_rate: int) -> None:
        self._sink = _Sink()
        self._resampler = _Resampler(av, source_rate, sample_rate, "s16")
        self._file = soundfile.SoundFile(
            self._sink, "w", samplerate=sample_rate, channels=1, format="OGG", subtype="VORBIS"
        )

    def encode(self, samples: Samples) -> bytes:
        self._write(self._resampler.frames(samples))
        return self._sink.take()

    def finish(self) -> bytes:
        self._write(self._resampler.rest())
        self._file.close()
        return self._sink.take()

    def _write(self, frames: Iterable[Any]) -> None:
        for frame in frames:
            self._file.write(frame.to_ndarray()[0])
