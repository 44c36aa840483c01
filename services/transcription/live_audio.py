"""Live sound as it arrives: chunks cut anywhere, decoded as far as they go. Signed 16 bit PCM, FLAC, and Opus in Ogg.

Sources: RFC 9639 (FLAC), RFC 3533 (Ogg), RFC 7845 (Opus in Ogg). PyAV (FFmpeg) decodes the frames; containers are taken
apart here, for FFmpeg's own readers pull and would need a thread and a pipe each.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from services.transcription.requests import bad_request
from shared import errors

#: Of shape (channels, n): int16, or float32 in -1..1.
LiveSamples = NDArray[np.int16] | NDArray[np.float32]

#: Most that one chunk of PCM may hold: a second of sound is documented, a little more is forgiven.
MAX_CHUNK_SECONDS = 2.0
#: The same where silence takes no room: a page of a quiet stream may hold a minute.
MAX_COMPRESSED_SECONDS = 60.0
#: Before the first frame of FLAC there may be this much about it, pictures included.
MAX_HEADER_BYTES = 1024 * 1024
#: Bytes that may wait for their frame to become whole: the largest Ogg page, the largest FLAC frame and some.
MAX_WAITING_BYTES = 256 * 1024
OPUS_RATE = 48_000

_STREAMINFO_BYTES = 34


def _check_sums() -> tuple[int, ...]:
    """Table of FLAC's check sum of frames: CRC-16, polynomial x^16 + x^15 + x^2 + 1, the highest bit first."""
    table = []
    for byte in range(256):
        value = byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x8005 if value & 0x8000 else value << 1) & 0xFFFF
        table.append(value)
    return tuple(table)


_SUMS = _check_sums()


class LiveDecoder(Protocol):
    """Takes chunks of one encoding."""

    #: Hz of what ``feed`` gives.
    sample_rate: int

    def feed(self, chunk: bytes) -> LiveSamples:
        """The samples that ``chunk`` completes, maybe none. Raises ``InvalidArgument`` for what is no such sound."""

    def finish(self) -> LiveSamples:
        """The samples that were waiting for more."""


def open_decoder(encoding: str, sample_rate: int, channels: int) -> LiveDecoder:
    """``encoding``: pcm, flac or ogg-opus. ``sample_rate``: Hz, as the client says. Raises ``EngineNotInstalled``."""
    if encoding == "pcm":
        return PcmDecoder(sample_rate, channels)
    if encoding == "flac":
        return FlacDecoder(sample_rate, channels)
    return OggOpusDecoder(channels)


class PcmDecoder:
    """Signed 16 bit, little endian, channels interleaved."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        self.sample_rate = sample_rate
        self._channels = channels
        self._rest = b""

    def feed(self, chunk: bytes) -> LiveSamples:
        frame = 2 * self._channels
        if len(chunk) > MAX_CHUNK_SECONDS * self.sample_rate * frame:
            raise _too_long()
        data = self._rest + chunk
        whole = len(data) - len(data) % frame
        self._rest = data[whole:]
        samples: NDArray[np.int16] = np.frombuffer(data[:whole], "<i2").reshape(-1, self._channels).T
        return samples

    def finish(self) -> LiveSamples:
        return np.zeros((self._channels, 0), np.int16)


class _Codec:
    """Frames of one codec, decoded by FFmpeg."""

    def __init__(self, name: str, extradata: bytes, sample_rate: int, channels: int) -> None:
        try:
            import av
        except ImportError as missing:
            raise errors.EngineNotInstalled("Audio needs PyAV: pip install -r requirements/audio.lock") from missing
        self._error: type[Exception] = av.error.FFmpegError
        self._channels = channels
        self._limit = round(MAX_COMPRESSED_SECONDS * sample_rate)
        codec: Any = av.CodecContext.create(name, "r")
        codec.extradata = extradata
        codec.sample_rate = sample_rate
        codec.layout = "mono" if channels == 1 else "stereo"
        self._codec = codec
        self._resampler: Any = av.AudioResampler(
            format="fltp", layout="mono" if channels == 1 else "stereo", rate=sample_rate
        )
        self._packet: Any = av.Packet

    def decode(self, packets: Iterable[bytes | None]) -> NDArray[np.float32]:
        """Samples of the packets (None: what the codec held back). Raises ``InvalidArgument`` when they are too many,
        or damaged."""
        parts: list[NDArray[np.float32]] = []
        count = 0
        try:
            for packet in packets:
                for frame in self._codec.decode(None if packet is None else self._packet(packet)):
                    count += frame.samples
                    if count > self._limit:
                        raise _too_long()
                    if frame.layout.nb_channels != self._channels:
                        raise bad_request(f"The sound must have {self._channels} channels.")
                    parts.extend(piece.to_ndarray() for piece in self._resampler.resample(frame))
        except (self._error, ValueError) as failure:
            raise _damaged() from failure
        if not parts:
            return np.zeros((self._channels, 0), np.float32)
        return np.nan_to_num(np.concatenate(parts, axis=1)).clip(-1.0, 1.0).astype(np.float32, copy=False)


class FlacDecoder:
    """A FLAC stream from its beginning. A frame is whole when the next one begins: nothing else says where it ends."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        self.sample_rate = sample_rate
        self._channels = channels
        self._waiting = b""
        self._codec: _Codec | None = None
        #: Of ``_waiting``: how many bytes the sum covers, and the sum.
        self._summed = 0
        self._sum = 0

    def feed(self, chunk: bytes) -> LiveSamples:
        self._waiting += chunk
        if self._codec is None:
            self._header()
        if self._codec is None:
            return np.zeros((self._channels, 0), np.float32)
        samples = self._codec.decode(self._frames())
        if len(self._waiting) > MAX_WAITING_BYTES:
            raise _damaged()
        return samples

    def finish(self) -> LiveSamples:
        if self._codec is None:
            return np.zeros((self._channels, 0), np.float32)
        last: list[bytes | None] = [self._waiting] if self._waiting else []
        self._waiting = b""
        return self._codec.decode([*last, None])

    def _frames(self) -> Iterator[bytes]:
        """Whole frames: up to where another one seems to begin and the check sum of all before comes out as zero."""
        while True:
            begin = self._waiting.find(b"\xff", max(self._summed, 2))
            if begin < 0 or begin + 1 >= len(self._waiting):
                return
            for byte in memoryview(self._waiting)[self._summed : begin]:
                self._sum = (self._sum << 8 & 0xFFFF) ^ _SUMS[self._sum >> 8 ^ byte]
            self._summed = begin
            if self._sum == 0 and self._waiting[begin + 1] & 0xFE == 0xF8:
                frame, self._waiting = self._waiting[:begin], self._waiting[begin:]
                self._summed = 0
                yield frame
            else:
                self._sum = (self._sum << 8 & 0xFFFF) ^ _SUMS[self._sum >> 8 ^ 0xFF]
                self._summed += 1

    def _header(self) -> None:
        """Read what precedes the frames, once all of it is there."""
        data = self._waiting
        if not b"fLaC".startswith(data[:4]):
            raise bad_request("The sound is not FLAC.")
        position = 4
        streaminfo = b""
        while len(data) >= position + 4:
            (head,) = struct.unpack_from(">I", data, position)
            kind, length, position = head >> 24, head & 0xFFFFFF, position + 4
            if position + length > MAX_HEADER_BYTES:
                raise _damaged()
            if len(data) < position + length:
                return
            if not streaminfo:
                streaminfo = data[position : position + length]
                self._check(kind, streaminfo)
            position += length
            if kind & 0x80:
                self._codec = _Codec("flac", streaminfo, self.sample_rate, self._channels)
                self._waiting = data[position:]
                return

    def _check(self, kind: int, streaminfo: bytes) -> None:
        if kind & 0x7F or len(streaminfo) != _STREAMINFO_BYTES:
            raise _damaged()
        bits = int.from_bytes(streaminfo[10:18], "big")
        rate, channels = bits >> 44, (bits >> 41 & 7) + 1
        if rate != self.sample_rate:
            raise bad_request(f"MediaSampleRateHertz says {self.sample_rate}, the sound has {rate} Hz.")
        if channels != self._channels:
            raise bad_request(f"The sound must have {self._channels} channels, it has {channels}.")


class OggOpusDecoder:
    """Opus in Ogg from its beginning; decoded at 48 kHz, whatever it was recorded at."""

    sample_rate = OPUS_RATE

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._waiting = b""
        self._packet = b""
        self._packets = 0
        self._codec: _Codec | None = None

    def feed(self, chunk: bytes) -> LiveSamples:
        if len(self._waiting) + len(chunk) > MAX_WAITING_BYTES:
            raise _too_long()
        self._waiting += chunk
        whole = list(self._pages())
        if self._codec is None:
            return np.zeros((self._channels, 0), np.float32)
        return self._codec.decode(whole)  # it drops the first samples by itself, as the header tells it

    def finish(self) -> LiveSamples:
        if self._codec is None:
            return np.zeros((self._channels, 0), np.float32)
        return self._codec.decode([None])

    def _pages(self) -> Iterator[bytes]:
        """Packets of sound that are whole; headers are read on the way."""
        while len(self._waiting) >= 27:
            if self._waiting[:4] != b"OggS":
                raise bad_request("The sound is not Opus in Ogg.")
            count = self._waiting[26]
            table = self._waiting[27 : 27 + count]
            end = 27 + count + sum(table)
            if len(table) < count or len(self._waiting) < end:
                return
            body, self._waiting = self._waiting[27 + count : end], self._waiting[end:]
            position = 0
            for size in table:
                self._packet += body[position : position + size]
                position += size
                if len(self._packet) > MAX_WAITING_BYTES:
                    raise _damaged()
                if size < 255:
                    packet, self._packet = self._packet, b""
                    self._packets += 1
                    if self._packets == 1:
                        self._head(packet)
                    elif self._packets > 2 and packet:  # the second one is a comment
                        yield packet
        if self._waiting and not b"OggS".startswith(self._waiting[:4]):
            raise bad_request("The sound is not Opus in Ogg.")

    def _head(self, packet: bytes) -> None:
        if len(packet) < 19 or packet[:8] != b"OpusHead":
            raise bad_request("The sound is not Opus in Ogg.")
        if packet[9] != self._channels:
            raise bad_request(f"The sound must have {self._channels} channels, it has {packet[9]}.")
        self._codec = _Codec("opus", packet, OPUS_RATE, self._channels)


def _damaged() -> errors.InvalidArgument:
    return bad_request("The sound is damaged and cannot be decoded.")


def _too_long() -> errors.InvalidArgument:
    return bad_request("A chunk holds at most one second of sound: send smaller ones.")
