"""kill -9 of the whole suite in the middle of a job: after a restart it ends as it would have anyway, nothing lost or twice."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.conftest import ROOT
from tests.contract.transcription.test_recordings import heard

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 240
#: `nonet up` that saves what it has every second instead of every fifteen: the recording need not be long then.
PROGRAM = (
    "import sys, services.transcription.segment_log as log; log.CHECKPOINT_SECONDS = 1.0; "
    "from nonet.cli.__main__ import main; "
    "sys.exit(main(['up', '--http-port', '0', '--grpc-port', '0']))"
)


@contextmanager
def suite(data: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    environment = {
        **os.environ,
        "NONET_DATA_DIRECTORY": str(data),
        "NONET_SERVICES": "transcription",
        "NONET_LOG_LEVEL": "WARNING",
        "TMPDIR": str(data.parent / "temporary"),
    }
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"endpoint (\S+)", line):
                yield process, found[1]
                return
        raise AssertionError("the suite did not start")
    finally:
        process.kill()
        process.wait()


def client(name: str, endpoint: str) -> Any:
    return boto3.client(name, endpoint_url=endpoint, region_name="us-east-1")


def start(endpoint: str, name: str) -> None:
    client("transcribe", endpoint).start_transcription_job(
        TranscriptionJobName=name,
        LanguageCode="en-US",
        Media={"MediaFileUri": "s3://talks/talk"},
        OutputBucketName="talks",
        Settings={"ChannelIdentification": True},
    )


def wait_for_checkpoint(data: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    with closing(sqlite3.connect(f"file:{data / 'nonet.db'}?mode=ro", uri=True)) as database:
        while True:
            assert time.monotonic() < deadline, "no checkpoint came"
            rows = database.execute("select status, progress from jobs where checkpoint is not null").fetchall()
            if rows:
                assert rows[0][0] == "RUNNING" and 0 < rows[0][1] < 0.95, rows
                return
            time.sleep(0.05)


def result(endpoint: str, name: str) -> dict[str, Any]:
    transcribe = client("transcribe", endpoint)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (job := transcribe.get_transcription_job(TranscriptionJobName=name)["TranscriptionJob"])["TranscriptionJobStatus"] in ("QUEUED", "IN_PROGRESS"):
        assert time.monotonic() < deadline, job
        time.sleep(0.2)
    assert job["TranscriptionJobStatus"] == "COMPLETED", job
    body = client("s3", endpoint).get_object(Bucket="talks", Key=f"{name}.json")["Body"]
    found: dict[str, Any] = json.load(body)["results"]
    return found


def test_a_killed_job_goes_on(tmp_path: Path) -> None:
    temporary, data = tmp_path / "temporary", tmp_path / "data"
    temporary.mkdir()
    with suite(data) as (process, endpoint):
        s3 = client("s3", endpoint)
        s3.create_bucket(Bucket="talks")
        s3.upload_file(str(ROOT / "examples" / "chains" / "call" / "call.ogg"), "talks", "talk")
        start(endpoint, "killed")
        wait_for_checkpoint(data)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not [path for path in temporary.iterdir() if path.name.startswith("nonet-transcription")]
    with suite(data) as (_, endpoint):
        killed = result(endpoint, "killed")
        start(endpoint, "whole")
        whole = result(endpoint, "whole")
    assert stretches(killed) == stretches(whole)
    for channel, text in (("ch_0", "thank you for calling"), ("ch_1", "terribly cold in this house")):
        said = [one["transcript"] for one in killed["audio_segments"] if one["channel_label"] == channel]
        assert len(said) >= 2 and heard(" ".join(said), text) > 0.5, said


def stretches(results: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What was said when, without the words: an engine may be warmer in one job than in the other."""
    return [(one["channel_label"], one["start_time"], one["end_time"]) for one in results["audio_segments"]]
