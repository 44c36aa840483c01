"""``nonet demo`` as a newcomer runs it: real answers from every service, with nothing but this checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

#: A line of the report begins so, and says this.
TOLD = {
    "DetectDominantLanguage": "en ",
    "DetectSentiment": "POSITIVE",
    "DetectPiiEntities": "EMAIL maria.lindqvist@example.com",
    "TranslateText": "-> en",
    "  with a terminology": "Nachtexpress",
    "GetTranscriptionJob": "COMPLETED",
    "  ch_1": "heater",
    "  first subtitle": "-->",
    "DetectDocumentText": "lines",
    "GetDocumentTextDetection": "SUCCEEDED",
    "  Decision": "keep private",
    "  Sentiment": "POSITIVE",
    "language.detect_sentiment": "POSITIVE",
}


#: Where the photographs and the models that see can be had.
TOLD_OF_PHOTOGRAPHS = {
    "DetectLabels": "Dog",
    "DetectFaces": "Male",
    "IndexFaces": "2 faces",
    "SearchFacesByImage": "1 of them is on the portrait",
}


@pytest.mark.slow
def test_the_demo(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nonet.cli", "demo", "--keep", str(tmp_path / "kept")],
        env={**os.environ, "HOME": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    told = TOLD if "Rekognition is left out" in done.stdout else TOLD | TOLD_OF_PHOTOGRAPHS
    for begin, text in told.items():
        assert any(line.startswith(begin) and text in line for line in lines), (begin, done.stdout)
    assert any(line.startswith("  Sentiment: NEGATIVE") for line in lines), done.stdout
    assert (tmp_path / "kept" / "invoice.png").stat().st_size > 10_000
