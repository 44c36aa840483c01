"""Tasks of Polly: long texts become objects in S3, through boto3, and survive whatever dies."""

from __future__ import annotations

import time
import urllib.request
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from gateway.process import Addresses
from shared.media.audio import Audio
from tests.running import client

SENTENCE = "The birch canoe slid on the smooth planks. "


@pytest.fixture
def bucket(speaking: Addresses) -> str:
    name = f"spoken-{uuid.uuid4().hex}"
    client("s3", speaking).create_bucket(Bucket=name)
    return name


def start(polly: Any, bucket: str, **options: Any) -> dict[str, Any]:
    asked = {"Text": "Hello.", "OutputFormat": "mp3", "VoiceId": "Joanna", "OutputS3BucketName": bucket, **options}
    return polly.start_speech_synthesis_task(**asked)["SynthesisTask"]


def ended(polly: Any, task: dict[str, Any]) -> dict[str, Any]:
    until = time.monotonic() + 120
    while (task := polly.get_speech_synthesis_task(TaskId=task["TaskId"])["SynthesisTask"])["TaskStatus"] in (
        "scheduled",
        "inProgress",
    ):
        assert time.monotonic() < until
        time.sleep(0.1)
    return task


def test_a_long_text_becomes_an_object(polly: Any, speaking: Addresses, bucket: str) -> None:
    text = SENTENCE * 250  # ten times what SynthesizeSpeech takes at once, and more than its ten minutes
    task = start(polly, bucket, Text=text, OutputS3KeyPrefix="books/one", OutputFormat="ogg_vorbis")
    assert task["TaskStatus"] == "scheduled" and task["RequestCharacters"] == len(text)
    task = ended(polly, task)
    assert task["TaskStatus"] == "completed" and task["VoiceId"] == "Joanna" and task["OutputFormat"] == "ogg_vorbis"
    assert task["TextType"] == "text"
    key = f"books/one.{task['TaskId']}.ogg"
    assert task["OutputUri"].endswith(f"/{bucket}/{key}")
    stored = client("s3", speaking).get_object(Bucket=bucket, Key=key)
    assert stored["ContentType"] == "audio/ogg"
    audio = Audio(stored["Body"].read())
    seconds = sum(block.shape[1] for block in audio.blocks(8_000)) / 8_000
    audio.close()
    assert seconds > 600
    with urllib.request.urlopen(task["OutputUri"], timeout=30) as answer:
        assert answer.read(4) == b"OggS"


def test_marks_and_what_a_task_remembers(polly: Any, speaking: Addresses, bucket: str) -> None:
    polly.put_lexicon(
        Name="tasks",
        Content='<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon" alphabet="ipa" '
        'xml:lang="en-US"><lexeme><grapheme>W3C</grapheme><alias>the consortium</alias></lexeme></lexicon>',
    )
    marks = {"OutputFormat": "json", "SpeechMarkTypes": ["word"], "LexiconNames": ["tasks"]}
    task = ended(polly, start(polly, bucket, Text="Ask W3C.", **marks))
    assert task["SpeechMarkTypes"] == ["word"] and task["LexiconNames"] == ["tasks"]
    body = client("s3", speaking).get_object(Bucket=bucket, Key=f"{task['TaskId']}.marks")["Body"].read()
    assert [b'"value":"Ask"' in line or b'"value":"W3C"' in line for line in body.splitlines()] == [True, True]


def test_tasks_are_listed_the_newest_first(polly: Any, bucket: str) -> None:
    tasks = [ended(polly, start(polly, bucket, Text=f"Number {number}."))["TaskId"] for number in range(3)]
    found = polly.list_speech_synthesis_tasks(Status="completed", MaxResults=2)
    rest = polly.list_speech_synthesis_tasks(Status="completed", MaxResults=2, NextToken=found["NextToken"])
    listed = [task["TaskId"] for task in found["SynthesisTasks"] + rest["SynthesisTasks"]]
    assert listed[:3] == tasks[::-1]
    assert polly.list_speech_synthesis_tasks(Status="failed")["SynthesisTasks"] == []


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"OutputS3BucketName": "nobody-has-this-bucket"}, "InvalidS3BucketException"),
        ({"SnsTopicArn": "arn:aws:sns:us-east-1:000000000000:told"}, "InvalidSnsTopicArnException"),
        ({"Text": "a" * 100_001}, "TextLengthExceededException"),
        ({"Text": "<speak>", "TextType": "ssml"}, "InvalidSsmlException"),
        ({"SampleRate": "5"}, "InvalidSampleRateException"),
        ({"LexiconNames": ["nobody"]}, "LexiconNotFoundException"),
        ({"Engine": "neural"}, "EngineNotSupportedException"),
    ],
)
def test_refusals(polly: Any, bucket: str, options: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        start(polly, bucket, **options)
    assert refused.value.response["Error"]["Code"] == code


def test_a_task_that_is_not_there(polly: Any) -> None:
    with pytest.raises(ClientError) as refused:
        polly.get_speech_synthesis_task(TaskId="nobody")
    assert refused.value.response["Error"]["Code"] == "SynthesisTaskNotFoundException"


def test_a_bucket_that_goes_away(polly: Any, speaking: Addresses, bucket: str) -> None:
    task = start(polly, bucket, Text=SENTENCE * 1000)
    client("s3", speaking).delete_bucket(Bucket=bucket)
    task = ended(polly, task)
    assert task["TaskStatus"] == "failed" and "bucket" in task["TaskStatusReason"].lower()
