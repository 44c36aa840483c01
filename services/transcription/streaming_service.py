"""The TranscriptionStreaming service: live sound in, partial and final results out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing

import numpy as np

from nonet.transcription_streaming.v1 import transcription_streaming_pb2 as pb
from services.transcription import stream_requests
from services.transcription.filter_store import FilterStore
from services.transcription.live import LiveTranscript, Result
from services.transcription.live_audio import LiveDecoder, LiveSamples, open_decoder
from services.transcription.places import own_addresses
from services.transcription.recognition import Options
from services.transcription.redaction import Redactor
from services.transcription.requests import bad_request
from services.transcription.stream_messages import ResultWriter
from services.transcription.stream_requests import StreamSettings
from services.transcription.vocabulary_filters import VocabularyFilter, folded
from services.transcription.vocabulary_store import BUCKET, READY, VocabularyStore
from shared import errors
from shared.platform import Platform
from shared.rpc.call import Call
from shared.storage.service_buckets import ServiceBucket

#: A client that is silent for longer is gone.
IDLE_SECONDS = 15.0
#: A stream ends after this, of sound and by the clock.
MAX_STREAM_SECONDS = 4 * 3600.0
#: Bytes of one chunk: a second of two channels at 48 kHz.
MAX_CHUNK_BYTES = 192_000
#: Seconds of sound that go to recognition at once.
_PIECE_SECONDS = 1.0


class TranscriptionStreamingService:
    """nonet.transcription_streaming.v1.TranscriptionStreaming."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        bucket, addresses = ServiceBucket(platform.objects, BUCKET), own_addresses(platform.settings)
        self._vocabularies = VocabularyStore(platform.resources, platform.jobs, platform.objects, bucket, addresses)
        self._filters = FilterStore(platform.resources, platform.objects, bucket, addresses)

    async def start_stream_transcription(
        self, requests: AsyncIterator[pb.StartStreamTranscriptionRequest], call: Call
    ) -> AsyncIterator[pb.StartStreamTranscriptionResponse]:
        """Settings in the first message, sound in the others. The next chunk is read once this one is recognised, so a
        client that sends faster than that has to wait."""
        sound = _Sound(requests)
        first = await sound.first()
        settings = stream_requests.checked(first)
        options = await self._options(settings, call)
        writer = await self._writer(settings, call)
        decoder = open_decoder(settings.encoding, settings.sample_rate, settings.channels)
        async with AsyncExitStack() as stack:
            channels = [
                LiveTranscript(self._platform.runtime, options, decoder.sample_rate, settings.stability)
                for _ in range(settings.channels)
            ]
            for channel in channels:
                stack.push_async_callback(channel.close)
                await channel.open()
            yield pb.StartStreamTranscriptionResponse(session_id=settings.session_id)
            heard = 0.0
            async with aclosing(_decoded(sound, decoder)) as pieces:
                async for piece in pieces:
                    heard += piece.shape[1] / decoder.sample_rate
                    if heard > MAX_STREAM_SECONDS:
                        raise _too_long()
                    accepted = [channel.accept(np.ascontiguousarray(piece[n])) for n, channel in enumerate(channels)]
                    for event in await _events(await asyncio.gather(*accepted), writer, settings):
                        yield event
            finished = await asyncio.gather(*(channel.finish() for channel in channels))
            for event in await _events(finished, writer, settings):
                yield event

    async def _options(self, settings: StreamSettings, call: Call) -> Options:
        vocabularies = {}
        for name in settings.vocabularies:
            try:
                vocabulary = await self._vocabularies.get(call.account, name)
            except errors.NotFound:
                raise bad_request(f"There is no vocabulary of the name {name}.") from None
            if vocabulary.state != READY:
                raise bad_request(f"The vocabulary {name} is {vocabulary.state}: it can be used once it is READY.")
            _check_language("vocabulary", name, vocabulary.language, settings)
            vocabularies[vocabulary.language] = vocabulary.phrases
        return Options(settings.languages, settings.identify, vocabularies=vocabularies)

    async def _writer(self, settings: StreamSettings, call: Call) -> ResultWriter:
        filters = {}
        for name in settings.filters:
            try:
                stored = await self._filters.get(call.account, name)
            except errors.NotFound:
                raise bad_request(f"There is no vocabulary filter of the name {name}.") from None
            _check_language("vocabulary filter", name, stored.language, settings)
            words = frozenset(folded(word) for word in stored.words)
            filters[stored.language] = VocabularyFilter(words, settings.filter_method)
        redactor = None
        if settings.pii_types:
            redactor = Redactor(
                self._platform, call.account, call.region, settings.languages[0], settings.pii_types
            )
            await redactor.check()
        return ResultWriter(filters, redactor, settings.redacts)


class _Sound:
    """The messages of a client: the first one, then chunks until an empty one or the end."""

    def __init__(self, requests: AsyncIterator[pb.StartStreamTranscriptionRequest]) -> None:
        self._requests = requests
        self._deadline = asyncio.get_running_loop().time() + MAX_STREAM_SECONDS
        self._early = b""

    async def first(self) -> pb.StartStreamTranscriptionRequest:
        """The message with the settings; it may bring a chunk along. Raises ``InvalidArgument``."""
        request = await self._next()
        if request is None:
            raise bad_request("The first message must have the settings of the stream.")
        self._early = request.audio_stream.audio_event.audio_chunk
        return request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._early:
            yield _sized(self._early)
        while (request := await self._next()) is not None:
            if not request.audio_stream.HasField("audio_event"):
                raise bad_request("Every message after the first must have an AudioEvent.")
            chunk = request.audio_stream.audio_event.audio_chunk
            if not chunk:
                return
            yield _sized(chunk)

    async def _next(self) -> pb.StartStreamTranscriptionRequest | None:
        """The next message, None at the end. Raises ``InvalidArgument`` when none comes, ``LimitExceeded``."""
        left = self._deadline - asyncio.get_running_loop().time()
        if left <= 0:
            raise _too_long()
        try:
            async with asyncio.timeout(min(IDLE_SECONDS, left)):
                return await anext(self._requests, None)
        except TimeoutError:
            raise bad_request(f"No sound came for {IDLE_SECONDS:.0f} seconds: the stream has been ended.") from None


def _too_long() -> errors.LimitExceeded:
    return errors.LimitExceeded(f"A stream may last {MAX_STREAM_SECONDS:.0f} seconds: begin another.")


def _sized(chunk: bytes) -> bytes:
    if len(chunk) > MAX_CHUNK_BYTES:
        raise bad_request("A chunk holds at most one second of sound: send smaller ones.")
    return chunk


async def _decoded(sound: _Sound, decoder: LiveDecoder) -> AsyncGenerator[LiveSamples, None]:
    """Samples of shape (channels, n), a second or less at a time."""
    step = round(_PIECE_SECONDS * decoder.sample_rate)
    async for chunk in sound:
        samples = await asyncio.to_thread(decoder.feed, chunk)
        for begin in range(0, samples.shape[1], step):
            yield samples[:, begin : begin + step]
    rest = await asyncio.to_thread(decoder.finish)
    if rest.shape[1]:
        yield rest


async def _events(
    results: list[list[Result]], writer: ResultWriter, settings: StreamSettings
) -> list[pb.StartStreamTranscriptionResponse]:
    """Messages for what is new in each channel."""
    events = [
        await writer.event(new, f"ch_{number}" if settings.labelled else None) for number, new in enumerate(results)
    ]
    return [event for event in events if event is not None]


def _check_language(noun: str, name: str, language: str, settings: StreamSettings) -> None:
    if settings.languages and language not in settings.languages:
        raise bad_request(f"The {noun} {name} is for {language}.")
