"""Transcribe: a recorded call, who said what and when."""

from __future__ import annotations

import io
import json
import time
from typing import Any

from nonet.demo.chains import CHAINS
from nonet.demo.stage import Endpoints, boto3_client, row, title


def show(endpoints: Endpoints) -> None:
    s3, transcribe = boto3_client("s3", endpoints), boto3_client("transcribe", endpoints)
    title("Transcribe: a call of 20 seconds, agent and customer on a channel each")
    s3.create_bucket(Bucket="recordings")
    s3.upload_fileobj(io.BytesIO((CHAINS / "call" / "call.ogg").read_bytes()), "recordings", "call.ogg")
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
    while (job := transcribe.get_transcription_job(TranscriptionJobName="call")["TranscriptionJob"])[
        "TranscriptionJobStatus"
    ] not in ("COMPLETED", "FAILED"):
        time.sleep(0.1)
    if job["TranscriptionJobStatus"] == "FAILED":
        raise SystemExit(f"nonet: the call could not be transcribed: {job['FailureReason']}")
    row("GetTranscriptionJob", job["TranscriptionJobStatus"], time.monotonic() - started, {})
    results = json.loads(s3.get_object(Bucket="recordings", Key="call.json")["Body"].read())["results"]
    for channel in results["channel_labels"]["channels"]:
        print(f"  {channel['channel_label']}: {said(channel['items'])}")
    subtitles = s3.get_object(Bucket="recordings", Key="call.vtt")["Body"].read().decode()
    print("  first subtitle: " + " ".join(subtitles.split("\n\n")[1].split()))


def said(items: list[dict[str, Any]]) -> str:
    """The text of a transcript's items: words with spaces before them, punctuation without."""
    return "".join(
        ("" if item["type"] == "punctuation" else " ") + item["alternatives"][0]["content"] for item in items
    ).strip()
