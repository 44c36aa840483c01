"""Every service as a process of its own behind a gateway, on PostgreSQL and an S3-compatible store."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from gateway.aws.s3.app import s3_app
from gateway.aws.s3.callers import S3Caller
from gateway.process import Addresses
from nonet.demo.invoice import invoice_scan
from shared.storage.blobs import FolderBlobs
from shared.storage.database import Database
from shared.storage.objects import ObjectStore
from tests.conftest import ROOT
from tests.contract.s3.conftest import serve
from tests.contract.test_examples import PRINTED
from tests.postgres import create_database
from tests.running import client, in_a_thread
from tests.separate import FOLDERS, Processes

#: One program a service, and what it prints; the contract tests have them all (NONET_TEST_TOPOLOGY=separate).
PROGRAMS = (
    "comprehend/detect_entities.py",
    "comprehendmedical/detect_entities_v2.py",
    "textract/document_text_detection_job.py",
    "transcribe/transcription_job.py",
    "translate/translate_text.py",
)


@pytest.fixture(scope="module")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a bucket in a store that all processes reach over HTTP: our own S3 face, with files of its own."""
    folder = tmp_path_factory.mktemp("store")
    database = Database.open(f"sqlite:///{folder}/store.db")
    behind = ObjectStore(database, FolderBlobs(folder / "files"))
    for url, loop in serve(s3_app(behind, lambda request: S3Caller("999999999999"))):
        asyncio.run_coroutine_threadsafe(behind.create_bucket("999999999999", "nonet"), loop).result(30)
        yield f"s3://nonet?endpoint={url}&region=us-east-1"
    database.close()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, object_store: str) -> dict[str, object]:
    return {
        "data_directory": tmp_path_factory.mktemp("separate"),
        "database_url": create_database(),
        "object_store_url": object_store,
        "drain_seconds": 20,
        "log_level": "WARNING",
    }


@pytest.fixture(scope="module")
def processes(settings: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with Processes(FOLDERS, settings, log=tmp_path_factory.mktemp("logs") / "processes.log") as started:
        yield started


@pytest.fixture(scope="module")
def front(settings: dict[str, object], processes: Processes) -> Iterator[Addresses]:
    gateway = {**settings, "services": "gateway", "upstreams": processes.upstreams, "job_workers": 0}
    with in_a_thread(gateway) as addresses:
        yield addresses


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_for_aws_run(front: Addresses, program: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / program],
        env={**os.environ, "AWS_ENDPOINT_URL": front.http}, cwd=tmp_path, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for text in PRINTED[program]:
        assert text.lower() in done.stdout.lower(), done.stdout


@pytest.mark.slow
def test_a_chain_through_three_processes(front: Addresses) -> None:
    states = client("stepfunctions", front)
    definition = (ROOT / "examples" / "chains" / "review" / "review.asl.json").read_text()
    machine = states.create_state_machine(name="review", definition=definition, roleArn="arn:aws:iam::000000000000:role/any")
    execution = states.start_execution(
        stateMachineArn=machine["stateMachineArn"], input='{"Text": "Das Zimmer war schmutzig und laut. Nie wieder!"}'
    )["executionArn"]
    while (described := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        time.sleep(0.1)
    assert described["status"] == "SUCCEEDED"
    assert "NEGATIVE" in described["output"]


@pytest.mark.slow
def test_reads_survive_kills_and_rolls(
    front: Addresses, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Callers never notice that a service's only process is killed, or replaced by SIGTERM, as long as they read."""
    # However slowly a process starts on the machine of the tests.
    monkeypatch.setattr("shared.rpc.upstream.CONNECT_SECONDS", 120.0)
    texts = {"I love this place!": "POSITIVE", "This is the worst day of my life.": "NEGATIVE"}
    outcomes: Counter[str] = Counter()
    stop = threading.Event()

    def read() -> None:
        comprehend = client("comprehend", front, config={"read_timeout": 120})
        for text, sentiment in itertools.cycle(texts.items()):
            if stop.is_set():
                return
            try:
                answer = comprehend.detect_sentiment(Text=text, LanguageCode="en")["Sentiment"]
                outcomes["right" if answer == sentiment else "wrong"] += 1
            except ClientError as error:
                outcomes[str(error)] += 1

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    moments = random.Random(9)
    try:
        for end in (processes.kill, processes.stop, processes.stop, processes.kill):
            time.sleep(moments.uniform(0.2, 1.0))
            answered = outcomes["right"]
            end("language")
            processes.start("language")
            processes.wait("language")
            until = time.monotonic() + 120
            while outcomes["right"] < answered + 20:
                assert time.monotonic() < until, outcomes
                time.sleep(0.05)
    finally:
        stop.set()
        for reader in readers:
            reader.join(180)
    assert set(outcomes) == {"right"}, outcomes


@pytest.mark.slow
def test_jobs_survive_the_death_of_their_process(front: Addresses, processes: Processes) -> None:
    s3, textract = client("s3", front), client("textract", front)
    s3.create_bucket(Bucket="killed")
    s3.put_object(Bucket="killed", Key="form.png", Body=invoice_scan())
    location = {"S3Object": {"Bucket": "killed", "Name": "form.png"}}
    jobs = [textract.start_document_text_detection(DocumentLocation=location)["JobId"] for _ in range(3)]
    processes.kill("documents")
    processes.start("documents")
    processes.wait("documents")
    for job in jobs:
        until = time.monotonic() + 300
        while (answer := textract.get_document_text_detection(JobId=job))["JobStatus"] == "IN_PROGRESS":
            assert time.monotonic() < until
            time.sleep(0.2)
        assert any(block.get("Text") == "Lindqvist" for block in answer["Blocks"])
