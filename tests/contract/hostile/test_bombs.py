"""Small files that unpack to more than a machine has, against a process of its own that may use so much and no more."""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bench.servers import Server, nonet
from tests.contract.documents import papers
from tests.contract.hostile.files import BAD, MEBIBYTE, REFUSED, TOO_LARGE, pdf_forms_in_forms, pdf_nested_flate

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("resource") is None, reason="the system knows no limits of a process"),
    pytest.mark.skipif(sys.platform != "linux", reason="limits another process"),
]

#: The machine that runs the tests has to survive a failure.
ADDRESS_SPACE = 6 * 1024 * MEBIBYTE
#: What one document may cost while it is read: a few rasters of the largest page.
WORKING_MEMORY = 1024 * MEBIBYTE
BOMBS = {
    "PDF of forms in forms": lambda: pdf_forms_in_forms(levels=8, times=10),
    "PDF packed three times": lambda: pdf_nested_flate(2048 * MEBIBYTE),
    "PNG": REFUSED["PNG bomb"][0],
}


@pytest.fixture
def server() -> Iterator[Server]:
    import resource

    with nonet() as running:
        resource.prlimit(running.pid, resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        yield running


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_bounded_memory(server: Server, name: str) -> None:
    config = Config(retries={"max_attempts": 1}, read_timeout=60)
    endpoint = f"http://127.0.0.1:{server.http_port}"
    textract: Any = boto3.client("textract", endpoint_url=endpoint, region_name="us-east-1", config=config)
    note = {"Bytes": papers.encoded(papers.note())}
    textract.detect_document_text(Document=note)
    bomb = BOMBS[name]()
    process = psutil.Process(server.pid)
    before, peak, done = _memory(process), 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.02):
            peak = max(peak, _memory(process))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        answer = textract.detect_document_text(Document={"Bytes": bomb})
        assert {block["BlockType"] for block in answer["Blocks"]} <= {"PAGE", "LINE", "WORD"}
    except ClientError as error:
        assert error.response["Error"]["Code"] in {BAD, TOO_LARGE}
    except BotoCoreError as error:
        pytest.fail(f"no answer: {error}")
    finally:
        done.set()
        watcher.join()
    assert peak - before <= WORKING_MEMORY, f"{before:,} -> {peak:,} bytes"
    assert len(textract.detect_document_text(Document=note)["Blocks"]) == 5, "it still answers"


def _memory(process: psutil.Process) -> int:
    """Resident bytes of the process and its children; 0 when it is gone."""
    try:
        return sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0
