"""SIGTERM: the running request gets its answer, then the process leaves with status 0."""

from __future__ import annotations

import re
import signal
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from nonet.demo.invoice import invoice_scan
from tests.chaos.test_documents_kill import client, suite


def calls_running(endpoint: str) -> float:
    with urllib.request.urlopen(f"{endpoint}/_nonet/metrics", timeout=10) as answer:
        return float(re.findall(r"^nonet_calls_running (\S+)$", answer.read().decode(), re.MULTILINE)[0])


@pytest.mark.slow
def test_a_running_request_is_answered_before_the_process_leaves(tmp_path: Path) -> None:
    with suite(tmp_path, "") as (process, endpoint):
        textract, scan = client("textract", endpoint), invoice_scan()
        answers: list[dict] = []
        reader = threading.Thread(target=lambda: answers.append(textract.detect_document_text(Document={"Bytes": scan})))
        reader.start()
        until = time.monotonic() + 30
        while not calls_running(endpoint):
            assert time.monotonic() < until
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        reader.join(60)
        assert any(block.get("Text") == "Lindqvist" for block in answers[0]["Blocks"])
        assert process.wait(60) == 0
