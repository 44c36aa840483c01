"""AWS CLI v1 as people run it: a program of its own that knows nothing of us but AWS_ENDPOINT_URL."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.process import Addresses
from tests.contract.documents import papers

pytestmark = pytest.mark.skipif(importlib.util.find_spec("awscli") is None, reason="awscli is not installed")

Run = Callable[..., str]


@pytest.fixture
def run(suite: Addresses, tmp_path: Path) -> Run:
    """Runs ``aws ...`` and gives what it prints; fails with its own words when it fails."""
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": suite.http,
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_PAGER": "",
        "PYTHONPATH": "",
    }

    def call(*words: str, rc: int = 0) -> str:
        command = [sys.executable, "-m", "awscli", *words]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=600)
        assert done.returncode == rc, done.stderr
        return done.stdout if rc == 0 else done.stderr

    return call


@pytest.fixture
def ask(run: Run) -> Callable[..., Any]:
    return lambda *words: json.loads(run(*words, "--output", "json"))


def test_comprehend(ask: Callable[..., Any]) -> None:
    answer = ask("comprehend", "detect-sentiment", "--language-code", "en", "--text", "I love it, it is wonderful!")
    assert answer["Sentiment"] == "POSITIVE"
    texts = ["Ada Lovelace lived in London.", "x" * 5001]
    answer = ask("comprehend", "batch-detect-entities", "--language-code", "en", "--text-list", *texts)
    assert "London" in [entity["Text"] for entity in answer["ResultList"][0]["Entities"]]
    assert answer["ErrorList"][0]["Index"] == 1


def test_errors_have_their_names(run: Run) -> None:
    words = run("comprehend", "detect-sentiment", "--language-code", "en", "--text", "x" * 5001, rc=255)
    assert "(TextSizeLimitExceededException)" in words


def test_documents(ask: Callable[..., Any], upload: Callable[[bytes], dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "note.png").write_bytes(papers.encoded(papers.note()))
    # Version 1 does not decode base64 within structures: bytes go in by "@=fileb://", or the document is an object.
    answer = ask("textract", "detect-document-text", "--document", "Bytes@=fileb://note.png")
    assert [block["Text"] for block in answer["Blocks"] if block["BlockType"] == "LINE"] == ["Hello small world"]
    place = json.dumps(upload((tmp_path / "note.png").read_bytes()))
    answer = ask(
        "textract", "analyze-document", "--document", place, "--feature-types", "QUERIES", "FORMS",
        "--queries-config", json.dumps({"Queries": [{"Text": "What is the total?"}]}),
    )  # fmt: skip
    assert answer["DocumentMetadata"] == {"Pages": 1}
    assert "Hello small world" in [block.get("Text") for block in answer["Blocks"]]


def test_jobs_over_objects(run: Run, ask: Callable[..., Any], tmp_path: Path) -> None:
    name = f"cli-{uuid.uuid4().hex}"
    run("s3", "mb", f"s3://{name}")
    (tmp_path / "letter.pdf").write_bytes(papers.pdf([["First page"], ["Second page"], ["Third page"]]))
    run("s3", "cp", "letter.pdf", f"s3://{name}/in/letter.pdf", "--no-progress")
    place = json.dumps({"S3Object": {"Bucket": name, "Name": "in/letter.pdf"}})
    job = ask("textract", "start-document-text-detection", "--document-location", place)["JobId"]
    for _ in range(60):
        first = ask("textract", "get-document-text-detection", "--job-id", job, "--max-results", "4")
        if first["JobStatus"] != "IN_PROGRESS":
            break
        time.sleep(0.5)
    assert (first["JobStatus"], len(first["Blocks"])) == ("SUCCEEDED", 4)
    blocks, token = first["Blocks"], first.get("NextToken")
    for _ in range(10):
        if not token:
            break
        answer = ask(
            "textract", "get-document-text-detection", "--job-id", job, "--max-results", "4", "--next-token", token
        )
        blocks, token = blocks + answer["Blocks"], answer.get("NextToken")
    lines = [block["Text"] for block in blocks if block["BlockType"] == "LINE"]
    assert lines == ["First page", "Second page", "Third page"]
    assert len({block["Id"] for block in blocks}) == len(blocks) == 3 + 3 + 6


def test_s3(run: Run, ask: Callable[..., Any], tmp_path: Path) -> None:
    name = f"cli-{uuid.uuid4().hex}"
    run("s3", "mb", f"s3://{name}")
    assert name in run("s3", "ls")
    for index in range(3):
        (tmp_path / f"{index}.txt").write_text(f"file {index}")
        run("s3", "cp", f"{index}.txt", f"s3://{name}/folder/{index}.txt", "--no-progress")
    assert run("s3", "ls", f"s3://{name}").split() == ["PRE", "folder/"]
    listed = ask("s3api", "list-objects-v2", "--bucket", name, "--page-size", "2")
    assert [item["Key"] for item in listed["Contents"]] == [f"folder/{index}.txt" for index in range(3)]
    run("s3api", "wait", "object-exists", "--bucket", name, "--key", "folder/1.txt")
    link = run("s3", "presign", f"s3://{name}/folder/1.txt").strip()
    assert urllib.request.urlopen(link, timeout=20).read() == b"file 1"
    run("s3", "cp", f"s3://{name}/folder/2.txt", "back.txt", "--no-progress")
    assert (tmp_path / "back.txt").read_text() == "file 2"
    run("s3", "rm", f"s3://{name}/folder/", "--recursive")
    run("s3", "rb", f"s3://{name}")
    run("s3api", "wait", "bucket-not-exists", "--bucket", name)
    assert name not in run("s3", "ls")


def test_sts(ask: Callable[..., Any]) -> None:
    identity = ask("sts", "get-caller-identity")
    assert identity["Account"] == "000000000000"
    assert identity["Arn"].startswith("arn:aws:")
