"""Transcribe: a recorded call, who said what and when."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from typing import Any

from nonet.demo.chains import CHAINS
from nonet.demo.stage import Stage, settled


def show(stage: Stage) -> None:
    s3, transcribe = stage.client("s3"), stage.client("transcribe")
    stage.report.title("Transcribe: a call of 20 seconds, agent and customer on a channel each")
    recording = (CHAINS / "call" / "call.ogg").read_bytes()
    stage.report.keep("call.ogg", recording, "What Transcribe is given")
    s3.create_bucket(Bucket="recordings")
    s3.upload_fileobj(io.BytesIO(recording), "recordings", "call.ogg")
    started = time.monotonic()
    transcribe.start_transcription_job(
        TranscriptionJobName="call",
        LanguageCode="en-US",
        Media={"MediaFileUri": "s3://recordings/call.ogg"},
        OutputBucketName="recordings",
        OutputKey="call.json",
        Settings={"ChannelIdentification": True},
        Subtitles={"Formats": ["vtt"]},
    )
    status = settled("StartTranscriptionJob", lambda: described(transcribe.get_transcription_job))
    stage.report.row("GetTranscriptionJob", status, time.monotonic() - started, {})
    results = json.loads(s3.get_object(Bucket="recordings", Key="call.json")["Body"].read())["results"]
    for channel in results["channel_labels"]["channels"]:
        stage.report.line(f"  {channel['channel_label']}: {said(channel['items'])}")
    subtitles = s3.get_object(Bucket="recordings", Key="call.vtt")["Body"].read().decode()
    stage.report.line("  first subtitle: " + " ".join(subtitles.split("\n\n")[1].split()))


def described(describe: Callable[..., dict[str, Any]]) -> str:
    """The job's status, with the reason where it failed."""
    job = describe(TranscriptionJobName="call")["TranscriptionJob"]
    return f"{job['TranscriptionJobStatus']} {job.get('FailureReason', '')}".strip()


def said(items: list[dict[str, Any]]) -> str:
    """The text of a transcript's items: words with spaces before them, punctuation without."""
    return "".join(
        ("" if item["type"] == "punctuation" else " ") + item["alternatives"][0]["content"] for item in items
    ).strip()
