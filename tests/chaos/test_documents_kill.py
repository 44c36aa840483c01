"""kill -9 of the whole suite in the middle of ten document jobs: after a restart all ten finish, each once."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.conftest import ROOT

JOBS = 10
PATIENCE_SECONDS = 300


@contextmanager
def suite(data: Path, database_url: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    environment = {
        **os.environ,
        "NONET_DATA_DIRECTORY": str(data),
        "NONET_DATABASE_URL": database_url,
        "NONET_LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "nonet.cli", "up", "--http-port", "0", "--grpc-port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
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


def client(name: str, endpoint: str):
    return boto3.client(name, endpoint_url=endpoint, region_name="us-east-1")


def page(number: int) -> bytes:
    image = Image.new("L", (700, 300), 255)
    ImageDraw.Draw(image).text((40, 120), f"Receipt number {number:04d}", font=ImageFont.load_default(size=36), fill=0)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.slow
def test_ten_jobs_survive_kill_9(tmp_path: Path, database_url: str) -> None:
    with suite(tmp_path, database_url) as (process, endpoint):
        s3, textract = client("s3", endpoint), client("textract", endpoint)
        s3.create_bucket(Bucket="receipts")
        jobs: dict[str, int] = {}
        for number in range(JOBS):
            s3.put_object(Bucket="receipts", Key=f"{number}.png", Body=page(number))
            location = {"S3Object": {"Bucket": "receipts", "Name": f"{number}.png"}}
            jobs[textract.start_document_text_detection(DocumentLocation=location)["JobId"]] = number
        # some are done, some run, some wait
        first = wait_for(textract, jobs, least=2)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert 2 <= len(first) < JOBS
    with suite(tmp_path, database_url) as (_, endpoint):
        textract = client("textract", endpoint)
        finished = wait_for(textract, jobs, least=JOBS)
        for job, number in jobs.items():
            assert f"{number:04d}" in " ".join(finished[job]), number
        # what was finished before is not done again: the very same blocks
        assert all(finished[job] == texts for job, texts in first.items())


def wait_for(textract, jobs: dict[str, int], least: int) -> dict[str, list[str]]:
    """Texts (and ids) of the blocks of finished jobs, as soon as ``least`` of them are."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    done: dict[str, list[str]] = {}
    while len(done) < least:
        assert time.monotonic() < deadline, f"{len(done)} of {least} finished"
        for job in jobs.keys() - done.keys():
            answer = textract.get_document_text_detection(JobId=job)
            if answer["JobStatus"] != "IN_PROGRESS":
                assert answer["JobStatus"] == "SUCCEEDED", answer
                done[job] = [f"{block['Id']} {block.get('Text', '')}" for block in answer["Blocks"]]
        time.sleep(0.1)
    return done
