"""After many bad requests everything is as it was: open files, threads, temporary files, memory."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import threading
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.contract.answers import Recorder
from tests.contract.documents import papers
from tests.contract.hostile.files import REFUSED

REPETITIONS = 50
#: Bytes that the allocator may keep: one page's raster, far less than fifty of anything.
TOLERANCE = 64 * 1024 * 1024


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts open files in /proc")
def test_nothing_is_left_behind(
    textract: Recorder, comprehend: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A folder of our own: other programs of this machine make temporary files as well.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    documents = [make() for name, (make, _) in REFUSED.items() if name != "PDF of 11 MB"]
    documents.append(papers.encoded(papers.note()))

    def round_of_requests() -> None:
        for document in documents:
            try:
                textract.ask("detect_document_text", Document={"Bytes": document})
            except ClientError as error:
                assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        with pytest.raises(ClientError):
            comprehend.ask("detect_entities", Text="x" * 100_001, LanguageCode="en")

    for _ in range(5):
        round_of_requests()
    before = state(tmp_path)
    for _ in range(REPETITIONS):
        round_of_requests()
    after = state(tmp_path)
    assert after[0] <= before[0] + 2, f"open files: {before[0]} -> {after[0]}"
    assert after[1] <= before[1] + 2, f"threads: {before[1]} -> {after[1]}"
    assert after[2] <= before[2], f"temporary files: {after[2] - before[2]}"
    assert after[3] <= before[3] + TOLERANCE, f"memory: {before[3]:,} -> {after[3]:,} bytes"


def state(folder: Path) -> tuple[int, int, set[Path], int]:
    """Open files, threads, temporary files, bytes of memory."""
    gc.collect()
    files = set(folder.rglob("*"))
    return len(os.listdir("/proc/self/fd")), threading.active_count(), files, psutil.Process().memory_info().rss
