"""A Nonet that hears, clients of it, and recordings: made here, or those of the shared data."""

from __future__ import annotations

import json
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.process import Addresses
from tests.contract.answers import Recorder
from tests.running import client, nonet
from tests.unit.services.transcription.shape import check_transcript_file


@pytest.fixture(scope="session")
def hearing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    with nonet(tmp_path_factory.mktemp("hearing"), services="transcription,language") as addresses:
        yield addresses


@pytest.fixture(scope="session")
def transcribe(hearing: Addresses) -> Recorder:
    return Recorder(client("transcribe", hearing))


@pytest.fixture(scope="session")
def recordings(hearing: Addresses) -> Any:
    """An S3 client, and the bucket ``recordings.bucket`` of this run."""
    s3 = client("s3", hearing, config={"s3": {"addressing_style": "path"}})
    s3.bucket = f"recordings-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=s3.bucket)
    return s3


@pytest.fixture(scope="session")
def speech(shared_directory: Path) -> Path:
    """The folder of recordings with known contents."""
    return shared_directory / "data" / "speech"


def fetch(uri: str) -> bytes:
    """What a link of an answer leads to."""
    with urllib.request.urlopen(uri, timeout=30) as answer:
        return bytes(answer.read())


@dataclass(frozen=True, slots=True)
class Transcribed:
    """A job that has ended, and its file (None where it failed)."""

    job: dict[str, Any]
    file: dict[str, Any] | None
    subtitles: list[bytes]

    @property
    def results(self) -> dict[str, Any]:
        assert self.file is not None, self.job.get("FailureReason")
        return self.file["results"]

    @property
    def text(self) -> str:
        return self.results["transcripts"][0]["transcript"]


Transcribe = Callable[..., Transcribed]


@pytest.fixture(scope="session")
def transcribed(transcribe: Recorder, recordings: Any) -> Transcribe:
    """Does a job: ``transcribed(bytes or path, **members of StartTranscriptionJob)``."""

    def run(sound: bytes | Path, **values: Any) -> Transcribed:
        name = f"job-{uuid.uuid4().hex}"
        recordings.put_object(
            Bucket=recordings.bucket, Key=name, Body=sound if isinstance(sound, bytes) else sound.read_bytes()
        )
        if not {"IdentifyLanguage", "IdentifyMultipleLanguages"} & set(values):
            values.setdefault("LanguageCode", "en-US")
        media = {"MediaFileUri": f"s3://{recordings.bucket}/{name}"}
        transcribe.ask("start_transcription_job", TranscriptionJobName=name, Media=media, **values)
        waiter = transcribe.client.get_waiter("transcription_job_completed")
        try:
            waiter.wait(TranscriptionJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 300})
        except Exception as ended:
            assert "FAILED" in str(ended), ended
        job = transcribe.ask("get_transcription_job", TranscriptionJobName=name)["TranscriptionJob"]
        if job["TranscriptionJobStatus"] == "FAILED":
            return Transcribed(job, None, [])
        links = job["Transcript"]
        file = json.loads(
            fetch(links.get("RedactedTranscriptFileUri") or links["TranscriptFileUri"])
        )
        check_transcript_file(file)
        subtitles = [fetch(uri) for uri in job.get("Subtitles", {}).get("SubtitleFileUris", [])]
        return Transcribed(job, file, subtitles)

    return run
