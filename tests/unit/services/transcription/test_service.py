"""The service on a real platform, with a recogniser that hears tones: everything around recognition is the real thing."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from nonet.transcription.v1 import transcription_pb2 as pb
from services.registry import REGISTRY
from services.transcription import service as service_module
from services.transcription.service import TranscriptionService
from shared import errors
from shared.auth.principals import Principal
from shared.contract.apis import api_for_client
from shared.platform import Platform
from shared.rpc.call import Call
from shared.rpc.host import ServiceHost
from shared.settings import Settings
from tests.running import forget_metrics
from tests.unit.services.transcription.hearing import ToneRecognizer, TurnLabels, said, wav
from tests.unit.services.transcription.shape import check_transcript_file

ACCOUNT = "000000000000"
TALK = wav(said((0.5, 1.5, 0), (3.0, 4.5, 1), seconds=6.0))
SCRIPT = ("My name is John Smith.", "Well, call me tomorrow.", "Damn it.")


@pytest.fixture
async def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Platform]:
    forget_metrics()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    opened = Platform.open(Settings(data_directory=tmp_path / "data", job_workers=1))
    ServiceHost(opened, REGISTRY, [])
    await opened.objects.create_bucket(ACCOUNT, "sounds")
    yield opened
    await opened.jobs.drain(5.0)
    await opened.close()
    assert not list(temporary.iterdir())


@pytest.fixture
def service(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> TranscriptionService:
    monkeypatch.setattr(service_module, "Recognizer", ToneRecognizer)
    monkeypatch.setattr(service_module, "SpeakerLabels", TurnLabels)
    monkeypatch.setattr(ToneRecognizer, "script", SCRIPT)
    monkeypatch.setattr(ToneRecognizer, "calls", [])
    return TranscriptionService(platform)


def call(name: str, account: str = ACCOUNT) -> Call:
    operation = api_for_client("transcribe").operations[name]
    return Call(operation, Principal(name="tester", account=account), "us-east-1")


def request(**values: Any) -> pb.StartTranscriptionJobRequest:
    given = {
        "transcription_job_name": "talk", "language_code": "en-US", "media": {"media_file_uri": "s3://sounds/talk.wav"},
        **values,
    }  # fmt: skip
    return pb.StartTranscriptionJobRequest(**{name: value for name, value in given.items() if value is not None})


async def run(
    platform: Platform, service: TranscriptionService, media: bytes = TALK, **values: Any
) -> pb.TranscriptionJob:
    """Put the media, do the job, and give it as it ended."""
    await platform.objects.put(ACCOUNT, "sounds", "talk.wav", media)
    started = await service.start_transcription_job(request(**values), call("StartTranscriptionJob"))
    name = started.transcription_job.transcription_job_name
    assert started.transcription_job.transcription_job_status == "QUEUED"
    if not platform.jobs.working:
        await platform.jobs.start()
    return await ended(service, name)


async def ended(service: TranscriptionService, name: str) -> pb.TranscriptionJob:
    asked = pb.GetTranscriptionJobRequest(transcription_job_name=name)
    for _ in range(600):
        answer = await service.get_transcription_job(asked, call("GetTranscriptionJob"))
        if answer.transcription_job.transcription_job_status in ("COMPLETED", "FAILED"):
            return answer.transcription_job
        await asyncio.sleep(0.02)
    raise AssertionError("the job did not end")


async def read(platform: Platform, uri: str) -> bytes:
    bucket, _, key = urlsplit(uri).path.removeprefix("/").partition("/")
    return await platform.objects.read(ACCOUNT, bucket, key, max_bytes=10_000_000)


async def results(platform: Platform, uri: str) -> dict[str, Any]:
    return check_transcript_file(json.loads(await read(platform, uri)))


async def test_a_recording_becomes_a_transcript(platform: Platform, service: TranscriptionService) -> None:
    job = await run(platform, service)
    assert job.transcription_job_status == "COMPLETED", job.failure_reason
    assert (job.media_format, job.media_sample_rate_hertz, job.language_code) == ("wav", 16_000, "en-US")
    assert job.creation_time.seconds <= job.start_time.seconds <= job.completion_time.seconds
    found = await results(platform, job.transcript.transcript_file_uri)
    assert found["transcripts"] == [{"transcript": "My name is John Smith. Well, call me tomorrow."}]
    assert found["language_code"] == "en-US" and found["items"][0]["start_time"] == "0.5"
    assert found["audio_segments"][1]["start_time"] == "3.0"


async def test_output_goes_where_the_request_says(platform: Platform, service: TranscriptionService) -> None:
    await platform.objects.create_bucket(ACCOUNT, "texts")
    job = await run(
        platform, service, output_bucket_name="texts", output_key="2026/talks/", subtitles={"formats": ["vtt", "srt"]}
    )
    assert urlsplit(job.transcript.transcript_file_uri).path == "/texts/2026/talks/talk.json"
    assert [urlsplit(uri).path for uri in job.subtitles.subtitle_file_uris] == [
        "/texts/2026/talks/talk.vtt", "/texts/2026/talks/talk.srt",
    ]  # fmt: skip
    assert (await read(platform, job.subtitles.subtitle_file_uris[0])).startswith(b"WEBVTT")
    listed = await service.list_transcription_jobs(pb.ListTranscriptionJobsRequest(), call("ListTranscriptionJobs"))
    assert [one.output_location_type for one in listed.transcription_job_summaries] == ["CUSTOMER_BUCKET"]


async def test_channels_are_transcribed_one_by_one(platform: Platform, service: TranscriptionService) -> None:
    media = wav(said((0.5, 1.5, 0), seconds=6.0), said((3.0, 4.5, 1), seconds=6.0))
    job = await run(platform, service, media, settings={"channel_identification": True})
    found = await results(platform, job.transcript.transcript_file_uri)
    texts = [segment["transcript"] for segment in found["audio_segments"]]
    assert texts == ["My name is John Smith.", "Well, call me tomorrow."]
    assert [segment["channel_label"] for segment in found["audio_segments"]] == ["ch_0", "ch_1"]
    assert found["channel_labels"]["number_of_channels"] == 2


async def test_an_empty_channel_has_no_items(platform: Platform, service: TranscriptionService) -> None:
    media = wav(said(seconds=4.0), said((1.0, 2.0, 0), seconds=4.0))
    job = await run(platform, service, media, settings={"channel_identification": True})
    found = await results(platform, job.transcript.transcript_file_uri)
    assert [len(channel["items"]) for channel in found["channel_labels"]["channels"]] == [0, 6]


async def test_speakers_are_labelled(platform: Platform, service: TranscriptionService) -> None:
    job = await run(platform, service, settings={"show_speaker_labels": True, "max_speaker_labels": 2})
    found = await results(platform, job.transcript.transcript_file_uri)
    assert [segment["speaker_label"] for segment in found["speaker_labels"]["segments"]] == ["spk_0", "spk_1"]
    assert job.settings.max_speaker_labels == 2


async def test_alternatives_are_shown(platform: Platform, service: TranscriptionService) -> None:
    job = await run(platform, service, settings={"show_alternatives": True, "max_alternatives": 3})
    found = await results(platform, job.transcript.transcript_file_uri)
    assert [[one["transcript"] for one in segment["alternatives"]] for segment in found["segments"]] == [
        ["My name is John Smith.", "my name is john smith."], ["Well, call me tomorrow.", "well, call me tomorrow."],
    ]  # fmt: skip
    assert ToneRecognizer.calls[0].max_alternatives == 3


async def test_the_language_is_identified(platform: Platform, service: TranscriptionService) -> None:
    job = await run(platform, service, language_code=None, identify_language=True, language_options=["en-US", "de-DE"])
    assert (job.language_code, round(job.identified_language_score, 3)) == ("de-DE", 0.8)
    found = await results(platform, job.transcript.transcript_file_uri)
    assert found["language_identification"] == [{"score": "0.8", "code": "de-DE"}, {"score": "0.2", "code": "en-US"}]
    assert ToneRecognizer.calls[0].languages == ("de-DE",)


async def test_personal_information_is_taken_out(platform: Platform, service: TranscriptionService) -> None:
    redaction = {"redaction_type": "PII", "redaction_output": "redacted_and_unredacted", "pii_entity_types": ["NAME"]}
    job = await run(
        platform, service, content_redaction=redaction, subtitles={"formats": ["srt"]},
        settings={"show_alternatives": True, "max_alternatives": 2},
    )  # fmt: skip
    assert job.transcription_job_status == "COMPLETED", job.failure_reason
    redacted = json.loads(await read(platform, job.transcript.redacted_transcript_file_uri))
    plain = json.loads(await read(platform, job.transcript.transcript_file_uri))
    check_transcript_file(redacted)
    check_transcript_file(plain)
    assert redacted["isRedacted"] is True and plain["isRedacted"] is False
    assert redacted["results"]["transcripts"][0]["transcript"] == "My name is [PII]. Well, call me tomorrow."
    assert "John Smith" in plain["results"]["transcripts"][0]["transcript"]
    assert "smith" not in json.dumps(redacted).lower()
    assert b"Smith" not in await read(platform, job.subtitles.subtitle_file_uris[0])


async def test_redacted_alone_leaves_no_other_transcript(platform: Platform, service: TranscriptionService) -> None:
    job = await run(platform, service, content_redaction={"redaction_type": "PII", "redaction_output": "redacted"})
    assert not job.transcript.transcript_file_uri and job.transcript.redacted_transcript_file_uri
    bucket = await service._bucket.name(ACCOUNT)
    listing = await platform.objects.list(ACCOUNT, bucket)
    assert [info.key.rpartition("/")[2] for info in listing.objects] == ["redacted-talk.json"]


@pytest.mark.parametrize(
    ("method", "text"),
    [
        ("mask", "*** name is John Smith. Well, *** me tomorrow."),
        ("remove", "name is John Smith. Well, me tomorrow."),
        ("tag", "My name is John Smith. Well, call me tomorrow."),
    ],
)
async def test_a_filter_does_what_its_method_says(
    platform: Platform, service: TranscriptionService, method: str, text: str
) -> None:
    made = pb.CreateVocabularyFilterRequest(vocabulary_filter_name="f", language_code="en-US", words=["my", "CALL"])
    await service.create_vocabulary_filter(made, call("CreateVocabularyFilter"))
    job = await run(platform, service, settings={"vocabulary_filter_name": "f", "vocabulary_filter_method": method})
    found = await results(platform, job.transcript.transcript_file_uri)
    assert found["transcripts"][0]["transcript"] == text
    tagged = [item["alternatives"][0]["content"] for item in found["items"] if item.get("vocabularyFilterMatch")]
    assert tagged == (["My", "call"] if method == "tag" else [])


async def vocabulary(service: TranscriptionService, name: str = "v") -> pb.GetVocabularyResponse:
    asked = pb.GetVocabularyRequest(vocabulary_name=name)
    for _ in range(300):
        answer = await service.get_vocabulary(asked, call("GetVocabulary"))
        if answer.vocabulary_state != "PENDING":
            return answer
        await asyncio.sleep(0.02)
    raise AssertionError("the vocabulary stayed PENDING")


async def test_a_vocabulary_reaches_recognition(platform: Platform, service: TranscriptionService) -> None:
    made = pb.CreateVocabularyRequest(vocabulary_name="v", language_code="en-US", phrases=["Los-Angeles", "D.N.A."])
    created = await service.create_vocabulary(made, call("CreateVocabulary"))
    assert created.vocabulary_state == "PENDING"
    with pytest.raises(errors.InvalidArgument, match="PENDING"):
        await platform.objects.put(ACCOUNT, "sounds", "talk.wav", TALK)
        await service.start_transcription_job(request(settings={"vocabulary_name": "v"}), call("StartTranscriptionJob"))
    await platform.jobs.start()
    ready = await vocabulary(service)
    assert ready.vocabulary_state == "READY"
    assert (
        await read(platform, ready.download_uri)
        == b"Phrase\tSoundsLike\tIPA\tDisplayAs\nLos-Angeles\t\t\t\nD.N.A.\t\t\t\n"
    )
    await run(platform, service, settings={"vocabulary_name": "v"})
    assert [phrase.text for phrase in ToneRecognizer.calls[0].vocabulary] == ["Los-Angeles", "D.N.A."]


async def test_a_vocabulary_that_breaks_a_rule_fails(platform: Platform, service: TranscriptionService) -> None:
    await platform.objects.put(ACCOUNT, "sounds", "table.txt", b"Phrase\tDisplayAs\nLos Angeles\tLA\n")
    made = pb.CreateVocabularyRequest(
        vocabulary_name="v", language_code="en-US", vocabulary_file_uri="s3://sounds/table.txt"
    )
    await service.create_vocabulary(made, call("CreateVocabulary"))
    await platform.jobs.start()
    failed = await vocabulary(service)
    assert failed.vocabulary_state == "FAILED" and "line 2 has a space" in failed.failure_reason
    assert not failed.HasField("download_uri")
    update = pb.UpdateVocabularyRequest(vocabulary_name="v", language_code="en-US", phrases=["Rome"])
    assert (await service.update_vocabulary(update, call("UpdateVocabulary"))).vocabulary_state == "PENDING"
    assert (await vocabulary(service)).vocabulary_state == "READY"
    listed = await service.list_vocabularies(pb.ListVocabulariesRequest(state_equals="READY"), call("ListVocabularies"))
    assert [one.vocabulary_name for one in listed.vocabularies] == ["v"] and listed.status == "READY"
    await service.delete_vocabulary(pb.DeleteVocabularyRequest(vocabulary_name="v"), call("DeleteVocabulary"))
    with pytest.raises(errors.NotFound):
        await service.get_vocabulary(pb.GetVocabularyRequest(vocabulary_name="v"), call("GetVocabulary"))


@pytest.mark.parametrize(
    ("media", "values", "reason"),
    [
        (b"not sound at all" * 100, {}, "not audio"),
        (b"", {}, "empty"),
        (TALK[:30], {}, ""),
        (TALK, {"media_format": "mp3"}, "does not match the detected media format"),
        (TALK, {"media_sample_rate_hertz": 8000}, "does not match the detected sample rate"),
        (wav(said(seconds=1.0), rate=4_000), {}, "Invalid sample rate for audio file"),
        (wav(*[said(seconds=1.0)] * 3), {"settings": {"channel_identification": True}}, "number of channels too large"),
    ],
)
async def test_media_that_cannot_be_used_fails_the_job(
    platform: Platform, service: TranscriptionService, media: bytes, values: dict[str, Any], reason: str
) -> None:
    job = await run(platform, service, media, **values)
    assert job.transcription_job_status == "FAILED" and job.failure_reason and reason in job.failure_reason
    assert not job.HasField("transcript") and job.HasField("completion_time")


async def test_silence_gives_an_empty_transcript(platform: Platform, service: TranscriptionService) -> None:
    job = await run(
        platform, service, wav(said(seconds=2.0)), subtitles={"formats": ["vtt", "srt"], "output_start_index": 1}
    )
    found = await results(platform, job.transcript.transcript_file_uri)
    assert found["transcripts"] == [{"transcript": ""}] and found["items"] == []
    assert job.subtitles.output_start_index == 1


async def test_what_cannot_be_found_is_refused_at_once(platform: Platform, service: TranscriptionService) -> None:
    start = call("StartTranscriptionJob")
    with pytest.raises(errors.InvalidArgument, match="media file cannot be read"):
        await service.start_transcription_job(request(), start)
    await platform.objects.put(ACCOUNT, "sounds", "talk.wav", TALK)
    for values, reason in (
        ({"output_bucket_name": "nowhere"}, "output bucket"),
        ({"settings": {"vocabulary_name": "none"}}, "no vocabulary"),
        ({"settings": {"vocabulary_filter_name": "none", "vocabulary_filter_method": "mask"}}, "no vocabulary filter"),
        ({"language_code": "fr-FR"}, "knows that language"),
        ({"toxicity_detection": [{"toxicity_categories": ["ALL"]}]}, "ToxicityDetection is not available"),
    ):
        with pytest.raises(errors.InvalidArgument, match=reason) as refused:
            await service.start_transcription_job(request(**values), start)
        assert refused.value.aws_code_for(start.operation.documented_errors) == "BadRequestException"


async def test_a_name_is_taken_once_and_free_after_deletion(platform: Platform, service: TranscriptionService) -> None:
    job = await run(platform, service)
    start = call("StartTranscriptionJob")
    with pytest.raises(errors.AlreadyExists) as refused:
        await service.start_transcription_job(request(), start)
    assert refused.value.aws_code_for(start.operation.documented_errors) == "ConflictException"
    delete = pb.DeleteTranscriptionJobRequest(transcription_job_name="talk")
    await service.delete_transcription_job(delete, call("DeleteTranscriptionJob"))
    with pytest.raises(errors.InvalidObject):
        await read(platform, job.transcript.transcript_file_uri)
    with pytest.raises(errors.InvalidArgument, match="no transcription job"):
        await service.delete_transcription_job(delete, call("DeleteTranscriptionJob"))
    with pytest.raises(errors.NotFound):
        await ended(service, "talk")
    assert (await run(platform, service)).transcription_job_status == "COMPLETED"


async def test_an_open_job_is_not_deleted(platform: Platform, service: TranscriptionService) -> None:
    await platform.objects.put(ACCOUNT, "sounds", "talk.wav", TALK)
    await service.start_transcription_job(request(), call("StartTranscriptionJob"))
    with pytest.raises(errors.InvalidArgument, match="not ended"):
        await service.delete_transcription_job(
            pb.DeleteTranscriptionJobRequest(transcription_job_name="talk"), call("DeleteTranscriptionJob")
        )


async def test_jobs_are_listed_page_by_page(platform: Platform, service: TranscriptionService) -> None:
    await platform.objects.put(ACCOUNT, "sounds", "talk.wav", TALK)
    for number in range(7):
        start = request(transcription_job_name=f"talk-{number}", tags=[{"key": "n", "value": str(number)}])
        await service.start_transcription_job(start, call("StartTranscriptionJob"))
    first = await service.list_transcription_jobs(
        pb.ListTranscriptionJobsRequest(status="QUEUED", job_name_contains="talk"), call("ListTranscriptionJobs")
    )
    assert [one.transcription_job_name for one in first.transcription_job_summaries] == [
        f"talk-{n}" for n in (6, 5, 4, 3, 2)
    ]
    rest = await service.list_transcription_jobs(
        pb.ListTranscriptionJobsRequest(status="QUEUED", job_name_contains="talk", next_token=first.next_token),
        call("ListTranscriptionJobs"),
    )
    assert len(rest.transcription_job_summaries) == 2 and not rest.HasField("next_token")
    with pytest.raises(errors.InvalidArgument):
        await service.list_transcription_jobs(
            pb.ListTranscriptionJobsRequest(next_token="made up"), call("ListTranscriptionJobs")
        )
    got = await service.get_transcription_job(
        pb.GetTranscriptionJobRequest(transcription_job_name="talk-3"), call("GetTranscriptionJob")
    )
    assert [(tag.key, tag.value) for tag in got.transcription_job.tags] == [("n", "3")]


async def test_another_account_sees_nothing(platform: Platform, service: TranscriptionService) -> None:
    await run(platform, service)
    with pytest.raises(errors.NotFound):
        await service.get_transcription_job(
            pb.GetTranscriptionJobRequest(transcription_job_name="talk"), call("GetTranscriptionJob", "111111111111")
        )


async def test_tags_come_and_go(platform: Platform, service: TranscriptionService) -> None:
    await platform.objects.put(ACCOUNT, "sounds", "talk.wav", TALK)
    await service.start_transcription_job(request(), call("StartTranscriptionJob"))
    arn = f"arn:aws:transcribe:us-east-1:{ACCOUNT}:transcription-job/talk"
    await service.tag_resource(
        pb.TagResourceRequest(resource_arn=arn, tags=[{"key": "a", "value": "1"}]), call("TagResource")
    )
    asked = pb.ListTagsForResourceRequest(resource_arn=arn)
    found = await service.list_tags_for_resource(asked, call("ListTagsForResource"))
    assert [(tag.key, tag.value) for tag in found.tags] == [("a", "1")]
    await service.untag_resource(pb.UntagResourceRequest(resource_arn=arn, tag_keys=["a"]), call("UntagResource"))
    assert not (await service.list_tags_for_resource(asked, call("ListTagsForResource"))).tags


async def test_filters_live_and_die(platform: Platform, service: TranscriptionService) -> None:
    await platform.objects.put(ACCOUNT, "sounds", "words.txt", "Zürich\ndamn\n".encode())
    made = pb.CreateVocabularyFilterRequest(
        vocabulary_filter_name="f", language_code="en-US", vocabulary_filter_file_uri="s3://sounds/words.txt"
    )
    await service.create_vocabulary_filter(made, call("CreateVocabularyFilter"))
    with pytest.raises(errors.AlreadyExists):
        await service.create_vocabulary_filter(made, call("CreateVocabularyFilter"))
    asked = pb.GetVocabularyFilterRequest(vocabulary_filter_name="f")
    found = await service.get_vocabulary_filter(asked, call("GetVocabularyFilter"))
    assert await read(platform, found.download_uri) == "Zürich\ndamn\n".encode()
    update = pb.UpdateVocabularyFilterRequest(vocabulary_filter_name="f", words=["heck"])
    await service.update_vocabulary_filter(update, call("UpdateVocabularyFilter"))
    found = await service.get_vocabulary_filter(asked, call("GetVocabularyFilter"))
    assert await read(platform, found.download_uri) == b"heck\n"
    listed = await service.list_vocabulary_filters(pb.ListVocabularyFiltersRequest(), call("ListVocabularyFilters"))
    assert [one.vocabulary_filter_name for one in listed.vocabulary_filters] == ["f"]
    await service.delete_vocabulary_filter(
        pb.DeleteVocabularyFilterRequest(vocabulary_filter_name="f"), call("DeleteVocabularyFilter")
    )
    with pytest.raises(errors.NotFound):
        await service.get_vocabulary_filter(asked, call("GetVocabularyFilter"))


async def test_a_job_is_taken_up_where_it_was_broken_off(
    platform: Platform, service: TranscriptionService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt that dies after three lines; the next one listens from the pause before the second on."""
    monkeypatch.setattr("services.transcription.segment_log.CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr("services.transcription.segment_log.CONTEXT_SECONDS", 1.5)
    heard: list[int] = []

    def die(count: int) -> None:
        heard.append(count)
        if len(heard) == 4:
            raise OSError("pulled the plug")

    monkeypatch.setattr(ToneRecognizer, "before", staticmethod(die))
    lines = [(1.0 + 3 * n, 2.0 + 3 * n, n) for n in range(5)]
    monkeypatch.setattr(ToneRecognizer, "script", [f"Line {n}." for n in ("one", "two", "three", "four", "five")])
    job = await run(platform, service, wav(said(*lines, seconds=16.0)))
    assert job.transcription_job_status == "COMPLETED", job.failure_reason
    found = await results(platform, job.transcript.transcript_file_uri)
    assert found["transcripts"][0]["transcript"] == "Line one. Line two. Line three. Line four. Line five."
    assert [segment["start_time"] for segment in found["audio_segments"]] == ["1.0", "4.0", "7.0", "10.0", "13.0"]
    # Four begun in the first attempt; the second hears all but the first, and keeps what it knew.
    assert heard == [0, 1, 2, 3, 0, 1, 2, 3]
