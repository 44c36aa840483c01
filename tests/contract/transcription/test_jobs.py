"""Jobs as boto3 sees them, on sound that is made here: what is refused, what fails, what silence gives."""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError

from shared.auth.principals import new_principal
from tests.contract.answers import Recorder
from tests.contract.transcription.conftest import Transcribe, fetch
from tests.running import client, nonet


def wav(samples: np.ndarray[Any, Any], rate: int = 16_000) -> bytes:
    """``samples``: (n,) or (n, channels), -1..1."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return buffer.getvalue()


SILENCE = wav(np.zeros(48_000))


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_silence_has_no_words(transcribed: Transcribe, rate: int) -> None:
    found = transcribed(wav(np.zeros(3 * rate), rate), Subtitles={"Formats": ["vtt", "srt"]})
    assert found.text == "" and found.results["items"] == []
    assert found.job["MediaSampleRateHertz"] == rate and found.job["MediaFormat"] == "wav"
    assert found.subtitles == [b"WEBVTT\n", b""]


def test_an_empty_channel_beside_another(transcribed: Transcribe) -> None:
    found = transcribed(wav(np.zeros((48_000, 2))), Settings={"ChannelIdentification": True})
    assert found.results["channel_labels"]["number_of_channels"] == 2


@pytest.mark.parametrize(
    ("sound", "options", "reason"),
    [
        (b"", {}, "empty"),
        (b"RIFF" + bytes(1000), {}, "not audio"),
        (SILENCE[:20], {}, ""),
        (SILENCE[:44], {}, ""),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n/etc/passwd\n", {}, "not audio"),
        (b"<?xml version='1.0'?><MPD/>", {}, "not audio"),
        (SILENCE, {"MediaFormat": "flac"}, "does not match the detected media format"),
        (SILENCE, {"MediaSampleRateHertz": 48000}, "does not match the detected sample rate"),
        (wav(np.zeros((16_000, 3))), {"Settings": {"ChannelIdentification": True}}, "number of channels too large"),
    ],
)
def test_media_that_cannot_be_used(
    transcribed: Transcribe, sound: bytes, options: dict[str, Any], reason: str
) -> None:
    found = transcribed(sound, **options)
    assert found.job["TranscriptionJobStatus"] == "FAILED"
    assert found.job["FailureReason"] and reason in found.job["FailureReason"]


def test_a_header_that_promises_more_than_there_is(transcribed: Transcribe) -> None:
    lying = bytearray(SILENCE)
    lying[4:8] = lying[40:44] = (0x7FFFFFF0).to_bytes(4, "little")  # eleven hours of sound in 96 KB
    found = transcribed(bytes(lying))
    assert found.job["TranscriptionJobStatus"] in ("COMPLETED", "FAILED")
    if found.file is None:
        assert "longer than" in found.job["FailureReason"]


def test_ten_hours(transcribed: Transcribe) -> None:
    """Frames of silence, one after the other, without a word about how many there are."""
    av = pytest.importorskip("av")
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp3", options={"write_xing": "0", "id3v2_version": "0"}) as file:
        stream = file.add_stream("libmp3lame", rate=8_000, layout="mono")
        stream.bit_rate = 8_000
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8_000 * 30), np.int16), format="s16p", layout="mono")
        frame.sample_rate = 8_000
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)
    found = transcribed(buffer.getvalue() * 1_200)
    assert found.job["TranscriptionJobStatus"] == "FAILED" and "longer than" in found.job["FailureReason"]


def code_of(failed: pytest.ExceptionInfo[ClientError]) -> str:
    return str(failed.value.response["Error"]["Code"])


def test_what_is_refused_at_once(transcribe: Recorder, recordings: Any) -> None:
    recordings.put_object(Bucket=recordings.bucket, Key="silence", Body=SILENCE)
    media = {"MediaFileUri": f"s3://{recordings.bucket}/silence"}
    base = {"TranscriptionJobName": "refused", "LanguageCode": "en-US", "Media": media}
    for values in (
        {"Media": {"MediaFileUri": f"s3://{recordings.bucket}/nothing"}},
        {"Media": {"MediaFileUri": "https://example.org/sound.wav"}},
        {"OutputBucketName": "no-such-bucket-anywhere"},
        {"OutputKey": "key"},
        {"Settings": {"ShowSpeakerLabels": True}},
        {"Settings": {"VocabularyName": "none"}},
        {"OutputEncryptionKMSKeyId": "key"},
        {"ModelSettings": {"LanguageModelName": "model"}},
        {"ToxicityDetection": [{"ToxicityCategories": ["ALL"]}]},
        {"LanguageCode": "zu-ZA"},
        {"LanguageCode": "xx-XX"},
        {"IdentifyLanguage": True},
    ):
        with pytest.raises(ClientError) as failed:
            transcribe.client.start_transcription_job(**{**base, **values})
        assert code_of(failed) == "BadRequestException", (values, failed.value)
    with pytest.raises(ClientError) as failed:
        transcribe.client.get_transcription_job(TranscriptionJobName="refused")
    assert code_of(failed) == "NotFoundException"


def test_a_job_lives_and_dies(transcribe: Recorder, recordings: Any, transcribed: Transcribe) -> None:
    found = transcribed(SILENCE, OutputBucketName=recordings.bucket, OutputKey="out/", Tags=[{"Key": "a", "Value": "b"}])
    name = found.job["TranscriptionJobName"]
    assert found.job["Tags"] == [{"Key": "a", "Value": "b"}]
    assert recordings.head_object(Bucket=recordings.bucket, Key=f"out/{name}.json")["ContentType"] == "application/json"
    with pytest.raises(ClientError) as failed:
        transcribe.client.start_transcription_job(
            TranscriptionJobName=name, LanguageCode="en-US", Media=found.job["Media"]
        )
    assert code_of(failed) == "ConflictException"
    listed = transcribe.ask("list_transcription_jobs", JobNameContains=name, Status="COMPLETED")
    (summary,) = listed["TranscriptionJobSummaries"]
    assert summary["OutputLocationType"] == "CUSTOMER_BUCKET" and summary["TranscriptionJobStatus"] == "COMPLETED"
    transcribe.client.delete_transcription_job(TranscriptionJobName=name)
    with pytest.raises(ClientError) as failed:
        transcribe.client.delete_transcription_job(TranscriptionJobName=name)
    assert code_of(failed) == "BadRequestException"
    recordings.head_object(Bucket=recordings.bucket, Key=f"out/{name}.json")  # the caller's own bucket is left alone


def test_vocabularies(transcribe: Recorder) -> None:
    made = transcribe.ask("create_vocabulary", VocabularyName="v", LanguageCode="en-US", Phrases=["Los-Angeles"])
    assert made["VocabularyState"] == "PENDING"
    transcribe.client.get_waiter("vocabulary_ready").wait(VocabularyName="v", WaiterConfig={"Delay": 1})
    found = transcribe.ask("get_vocabulary", VocabularyName="v")
    assert fetch(found["DownloadUri"]) == b"Phrase\tSoundsLike\tIPA\tDisplayAs\nLos-Angeles\t\t\t\n"
    with pytest.raises(ClientError) as failed:
        transcribe.client.create_vocabulary(VocabularyName="v", LanguageCode="en-US", Phrases=["a"])
    assert code_of(failed) == "ConflictException"
    transcribe.ask("update_vocabulary", VocabularyName="v", LanguageCode="en-US", Phrases=["two words"])
    with pytest.raises(Exception, match="FAILED"):
        transcribe.client.get_waiter("vocabulary_ready").wait(VocabularyName="v", WaiterConfig={"Delay": 1})
    assert "hyphen" in transcribe.ask("get_vocabulary", VocabularyName="v")["FailureReason"]
    assert transcribe.ask("list_vocabularies", NameContains="v", StateEquals="FAILED")["Vocabularies"]
    transcribe.client.delete_vocabulary(VocabularyName="v")
    with pytest.raises(ClientError) as failed:
        transcribe.client.get_vocabulary(VocabularyName="v")
    assert code_of(failed) == "NotFoundException"


def test_filters_and_tags(transcribe: Recorder) -> None:
    transcribe.ask("create_vocabulary_filter", VocabularyFilterName="f", LanguageCode="en-US", Words=["damn"])
    arn = "arn:aws:transcribe:us-east-1:000000000000:vocabulary-filter/f"
    transcribe.ask("tag_resource", ResourceArn=arn, Tags=[{"Key": "team", "Value": "x"}])
    assert transcribe.ask("list_tags_for_resource", ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "x"}]
    transcribe.ask("untag_resource", ResourceArn=arn, TagKeys=["team"])
    transcribe.ask("update_vocabulary_filter", VocabularyFilterName="f", Words=["heck"])
    assert fetch(transcribe.ask("get_vocabulary_filter", VocabularyFilterName="f")["DownloadUri"]) == b"heck\n"
    assert transcribe.ask("list_vocabulary_filters")["VocabularyFilters"][0]["VocabularyFilterName"] == "f"
    transcribe.client.delete_vocabulary_filter(VocabularyFilterName="f")
    with pytest.raises(ClientError) as failed:
        transcribe.client.get_vocabulary_filter(VocabularyFilterName="f")
    assert code_of(failed) == "NotFoundException"
    with pytest.raises(ClientError) as failed:
        transcribe.client.list_tags_for_resource(ResourceArn=arn)
    assert code_of(failed) == "NotFoundException"


def test_links_are_signed_where_callers_are(tmp_path: Path) -> None:
    """A Nonet that knows its callers: the link works as it is, and not for another object."""
    principal, _ = new_principal("me", "123456789012")
    file = tmp_path / "principals.toml"
    file.write_text(
        f'[[principal]]\nname = "me"\naccount = "{principal.account}"\n'
        f'access_key_id = "{principal.access_key_id}"\nsecret_access_key = "{principal.secret_access_key}"\n'
    )
    keys = {
        "aws_access_key_id": principal.access_key_id, "aws_secret_access_key": principal.secret_access_key,
    }  # fmt: skip
    with nonet(tmp_path / "data", services="transcription", principals_file=file) as addresses:
        transcribe = client("transcribe", addresses, **keys)
        for name in ("one", "two"):
            transcribe.create_vocabulary_filter(VocabularyFilterName=name, LanguageCode="en-US", Words=[name])
        link = transcribe.get_vocabulary_filter(VocabularyFilterName="one")["DownloadUri"]
        assert "X-Amz-Expires=900" in link and fetch(link) == b"one\n"
        with pytest.raises(Exception, match="403"):
            fetch(link.replace("/one.txt", "/two.txt"))
        with pytest.raises(Exception, match="403"):
            fetch(link.partition("?")[0])
