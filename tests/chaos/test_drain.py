"""SIGTERM: the running request gets its answer, then the process leaves with status 0."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

import pytest

from nonet.demo.invoice import invoice_scan
from tests.chaos.test_documents_kill import client, suite


@pytest.mark.slow
def test_a_running_request_is_answered_before_the_process_leaves(tmp_path: Path) -> None:
    with suite(tmp_path, "") as (process, endpoint):
        textract = client("textract", endpoint)
        answers: list[dict] = []
        reader = threading.Thread(target=lambda: answers.append(textract.detect_document_text(Document={"Bytes": invoice_scan()})))
        reader.start()
        # Reading a page takes a second or more; by now it is under way.
        time.sleep(0.7)
        process.send_signal(signal.SIGTERM)
        reader.join(60)
        assert any(block.get("Text") == "Lindqvist" for block in answers[0]["Blocks"])
        assert process.wait(60) == 0
