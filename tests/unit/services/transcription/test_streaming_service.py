"""The live service with a recogniser that hears tones: settings, chunks, filters, limits; and clients that misbehave."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from nonet.transcription.v1 import transcription_pb2 as jobs_pb
from nonet.transcription_streaming.v1 import transcription_streaming_pb2 as pb
from services.registry import REGISTRY
from services.transcription import streaming_service
from services.transcription.live import Result
from services.transcription.recognition import Alternative, Options
from services.transcription.service import TranscriptionService
from services.transcription.streaming_service import TranscriptionStreamingService
from shared import errors
from shared.auth.principals import Principal
from shared.contract.apis import api_for_client
from shared.platform import Platform
from shared.rpc.call import Call
from shared.rpc.host import ServiceHost
from shared.settings import Settings
from tests.running import forget_metrics
from tests.unit.services.transcription.hearing import RATE, said, words


class ToneTranscript:
    """A burst of tone is "My name is John Smith."; silence ends it. Partial results while it lasts."""

    open_ones = 0
    opened: ClassVar[list[tuple[Options, int, Any]]] = []

    def __init__(self, runtime: Any, options: Options, sample_rate: int, stabilization: Any = None) -> None:
        self._rate, self._numbers = sample_rate, itertools.count(1)
        self._heard, self._begin = 0, -1
        self._closed = False
        type(self).opened.append((options, sample_rate, stabilization))

    async def open(self) -> None:
        type(self).open_ones += 1

    async def accept(self, samples: np.ndarray[Any, Any]) -> list[Result]:
        assert samples.ndim == 1 and samples.size <= 10 * self._rate and not self._closed
        loud = np.abs(samples.astype(float)) > (0.05 if samples.dtype == np.float32 else 1000)
        begin, self._heard = self._heard, self._heard + samples.size
        if loud.any():
            if self._begin < 0:
                self._begin = begin
            return [self._result(True)]
        return await self.finish()

    async def finish(self) -> list[Result]:
        if self._begin < 0:
            return []
        result = self._result(False)
        self._begin = -1
        return [result]

    def _result(self, partial: bool) -> Result:
        start, end = self._begin / self._rate, self._heard / self._rate
        items = words("My name is John Smith.", start, end)
        if partial:
            items = tuple(replace(item, stable=False) for item in items[:3])
        return Result(f"r-{self._begin}", start, end, partial, "en-US", (Alternative.of(items),))

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            type(self).open_ones -= 1


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    forget_metrics()
    opened = Platform.open(Settings(data_directory=tmp_path))
    ServiceHost(opened, REGISTRY, [])
    yield opened
    await opened.jobs.drain(5.0)
    await opened.close()


@pytest.fixture
def service(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> TranscriptionStreamingService:
    monkeypatch.setattr(streaming_service, "LiveTranscript", ToneTranscript)
    monkeypatch.setattr(ToneTranscript, "opened", [])
    monkeypatch.setattr(ToneTranscript, "open_ones", 0)
    return TranscriptionStreamingService(platform)


def call() -> Call:
    operation = api_for_client("transcribe-streaming").operations["StartStreamTranscription"]
    return Call(operation, Principal(name="tester", account="000000000000"), "us-east-1")


def begin(**values: Any) -> pb.StartStreamTranscriptionRequest:
    given = {"language_code": "en-US", "media_sample_rate_hertz": RATE, "media_encoding": "pcm", **values}
    return pb.StartStreamTranscriptionRequest(**{name: value for name, value in given.items() if value is not None})


def chunk(data: bytes) -> pb.StartStreamTranscriptionRequest:
    return pb.StartStreamTranscriptionRequest(audio_stream=pb.AudioStream(audio_event=pb.AudioEvent(audio_chunk=data)))


def pcm(*channels: np.ndarray[Any, Any]) -> bytes:
    return (np.stack(channels, axis=1) * 32767).astype("<i2").tobytes()


def chunks(data: bytes, size: int) -> list[pb.StartStreamTranscriptionRequest]:
    return [chunk(data[start : start + size]) for start in range(0, len(data), size)]


async def sent(*messages: pb.StartStreamTranscriptionRequest) -> AsyncIterator[pb.StartStreamTranscriptionRequest]:
    for message in messages:
        yield message


async def answers(
    service: TranscriptionStreamingService, *messages: pb.StartStreamTranscriptionRequest
) -> tuple[str, list[pb.Result]]:
    """The session, and all results."""
    found = [one async for one in service.start_stream_transcription(sent(*messages), call())]
    results = [r for one in found[1:] for r in one.transcript_result_stream.transcript_event.transcript.results]
    return found[0].session_id, results


def finals(results: Sequence[pb.Result]) -> list[str]:
    return [result.alternatives[0].transcript for result in results if not result.is_partial]


TALK = pcm(said((1.0, 2.0, 4), (3.0, 4.0, 4), seconds=5.0))


async def test_partial_results_then_a_final_one(service: TranscriptionStreamingService) -> None:
    session, results = await answers(service, begin(), *chunks(TALK, 3_200), chunk(b""), chunk(b"more"))
    assert len(session) == 36
    assert finals(results) == ["My name is John Smith."] * 2
    first = results[0]
    assert first.is_partial and not first.alternatives[0].items[0].stable and not first.HasField("channel_id")
    last = next(result for result in results if not result.is_partial)
    assert last.result_id == first.result_id and last.start_time == 1.0 and last.language_code == "en-US"
    item = last.alternatives[0].items[0]
    assert (item.type, item.content, item.confidence, item.stable) == ("pronunciation", "My", 0.75, True)
    assert not last.alternatives[0].items[-1].HasField("confidence")
    assert ToneTranscript.open_ones == 0


async def test_samples_may_be_cut_anywhere(service: TranscriptionStreamingService) -> None:
    _, results = await answers(service, begin(), *chunks(TALK, 3_333))
    assert finals(results) == ["My name is John Smith."] * 2


async def test_half_a_close_gives_the_rest(service: TranscriptionStreamingService) -> None:
    _, results = await answers(service, begin(), *chunks(TALK[: 2 * int(1.5 * RATE)], 3_200))
    assert finals(results) == ["My name is John Smith."]


async def test_channels_are_told_apart(service: TranscriptionStreamingService) -> None:
    data = pcm(said((1.0, 2.0, 4), seconds=5.0), said((3.0, 4.0, 4), seconds=5.0))
    asked = begin(enable_channel_identification=True, number_of_channels=2)
    _, results = await answers(service, asked, *chunks(data, 6_400))
    assert [(r.channel_id, r.start_time) for r in results if not r.is_partial] == [("ch_0", 1.0), ("ch_1", 3.0)]


async def test_a_filter_masks_also_partial_results(platform: Platform, service: TranscriptionStreamingService) -> None:
    made = jobs_pb.CreateVocabularyFilterRequest(vocabulary_filter_name="f", language_code="en-US", words=["name"])
    operation = api_for_client("transcribe").operations["CreateVocabularyFilter"]
    jobs_call = Call(operation, Principal(name="tester", account="000000000000"), "us-east-1")
    await TranscriptionService(platform).create_vocabulary_filter(made, jobs_call)
    asked = begin(vocabulary_filter_name="f", vocabulary_filter_method="mask")
    _, results = await answers(service, asked, *chunks(TALK, 3_200))
    texts = {result.alternatives[0].transcript for result in results}
    assert texts == {"My *** is", "My *** is John Smith."}
    asked = begin(vocabulary_filter_name="f", vocabulary_filter_method="tag")
    _, results = await answers(service, asked, *chunks(TALK, 3_200))
    matches = [item.content for item in results[-1].alternatives[0].items if item.vocabulary_filter_match]
    assert matches == ["name"]


async def test_redaction_shows_nothing_before_it_is_sure(service: TranscriptionStreamingService) -> None:
    asked = begin(content_redaction_type="PII", pii_entity_types="NAME,SSN")
    _, results = await answers(service, asked, *chunks(TALK, 3_200))
    assert [result.is_partial for result in results] == [False, False]
    assert finals(results) == ["My name is [NAME]."] * 2
    (entity,) = results[0].alternatives[0].entities
    assert (entity.type, entity.category, entity.content) == ("NAME", "PII", "[NAME]") and 0 < entity.confidence <= 1


async def test_identification_leaves_the_words(service: TranscriptionStreamingService) -> None:
    _, results = await answers(service, begin(content_identification_type="PII"), *chunks(TALK, 3_200))
    assert finals(results) == ["My name is John Smith."] * 2
    assert results[0].is_partial
    (entity,) = results[-1].alternatives[0].entities
    assert entity.content == "John Smith" and entity.start_time == pytest.approx(3.66)


@pytest.mark.parametrize("values", [{}, {"content_identification_type": "PII"}, {"content_redaction_type": "PII"}])
async def test_an_utterance_of_which_nothing_is_left(
    service: TranscriptionStreamingService, monkeypatch: pytest.MonkeyPatch, values: dict[str, Any]
) -> None:
    whole = ToneTranscript._result

    def nothing(self: ToneTranscript, partial: bool) -> Result:
        result = whole(self, partial)
        return result if partial else replace(result, alternatives=())

    monkeypatch.setattr(ToneTranscript, "_result", nothing)
    _, results = await answers(service, begin(**values), *chunks(TALK, 3_200))
    assert finals(results) == ["", ""]


async def test_stabilization_and_rate_reach_recognition(service: TranscriptionStreamingService) -> None:
    asked = begin(
        media_sample_rate_hertz=8_000, enable_partial_results_stabilization=True, partial_results_stability="low"
    )
    await answers(service, asked, chunk(b"\0" * 1600))
    assert [(rate, stability) for _, rate, stability in ToneTranscript.opened] == [(8_000, "low")]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"language_code": None}, "exactly one"),
        ({"identify_language": True}, "exactly one"),
        ({"language_code": None, "identify_language": True}, "at least 2 languages"),
        ({"show_speaker_label": True}, "ShowSpeakerLabel"),
        ({"language_model_name": "m"}, "LanguageModelName"),
        ({"preferred_language": "en-US"}, "PreferredLanguage"),
        ({"number_of_channels": 2}, "go together"),
        ({"partial_results_stability": "low"}, "goes with"),
        ({"vocabulary_name": "none"}, "no vocabulary"),
        ({"vocabulary_filter_name": "none", "vocabulary_filter_method": "mask"}, "no vocabulary filter"),
        ({"vocabulary_filter_name": "none"}, "go together"),
        ({"vocabulary_names": "a,b"}, "goes with"),
        ({"pii_entity_types": "NAME"}, "goes with"),
        ({"content_redaction_type": "PII", "pii_entity_types": "NAMES"}, "ALL, or some"),
        ({"content_redaction_type": "PII", "content_identification_type": "PII"}, "exclude"),
    ],
)
async def test_what_cannot_be_done_is_refused(
    service: TranscriptionStreamingService, values: dict[str, Any], reason: str
) -> None:
    with pytest.raises(errors.InvalidArgument, match=reason) as refused:
        await answers(service, begin(**values))
    assert refused.value.explicit_aws_code == "BadRequestException"
    assert ToneTranscript.open_ones == 0


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([], "first message"),
        ([begin(), begin()], "AudioEvent"),
        ([begin(), chunk(b"\0" * 200_000)], "at most one second"),
        ([begin(), chunk(b"\0" * 2 * RATE * 3)], "at most one second"),
        ([begin(media_encoding="flac"), chunk(b"RIFFnonsense")], "not FLAC"),
        ([begin(media_encoding="ogg-opus"), chunk(b"R" * 40)], "not Opus"),
    ],
)
async def test_bad_sound_ends_the_stream(service: TranscriptionStreamingService, messages: Any, reason: str) -> None:
    with pytest.raises(errors.InvalidArgument, match=reason):
        await answers(service, *messages)
    assert ToneTranscript.open_ones == 0


async def test_a_silent_client_is_told_so(
    service: TranscriptionStreamingService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming_service, "IDLE_SECONDS", 0.05)

    async def silent() -> AsyncIterator[pb.StartStreamTranscriptionRequest]:
        yield begin()
        await asyncio.sleep(60)

    with pytest.raises(errors.InvalidArgument, match="No sound came"):
        _ = [one async for one in service.start_stream_transcription(silent(), call())]
    assert ToneTranscript.open_ones == 0


async def test_a_stream_that_is_too_long_is_ended(
    service: TranscriptionStreamingService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming_service, "MAX_STREAM_SECONDS", 2.0)
    with pytest.raises(errors.LimitExceeded):
        await answers(service, begin(), *chunks(TALK, 3_200))


async def test_a_client_that_leaves_frees_the_decoder(service: TranscriptionStreamingService) -> None:
    async def talking() -> AsyncIterator[pb.StartStreamTranscriptionRequest]:
        yield begin()
        while True:
            yield chunk(b"\0" * 3_200)
            await asyncio.sleep(0)

    stream = service.start_stream_transcription(talking(), call())
    assert (await anext(stream)).session_id
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.05)
    assert ToneTranscript.open_ones == 1
    waiting.cancel()
    await asyncio.wait({waiting})
    assert ToneTranscript.open_ones == 0


async def test_the_next_chunk_is_read_when_this_one_is_recognised(service: TranscriptionStreamingService) -> None:
    read: list[int] = []

    async def eager() -> AsyncIterator[pb.StartStreamTranscriptionRequest]:
        yield begin()
        for number, message in enumerate(chunks(TALK, 3_200)):
            read.append(number)
            yield message

    stream = service.start_stream_transcription(eager(), call())
    await anext(stream)
    await anext(stream)  # the first partial result, of the eleventh chunk
    assert read == list(range(11))
    await stream.aclose()
