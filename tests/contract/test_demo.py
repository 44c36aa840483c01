"""``nonet demo`` as a newcomer runs it: real answers from every service, with nothing but this checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.engines import link_engine

#: A line of the report begins so, and says this.
TOLD = {
    "DetectDominantLanguage": "en ",
    "DetectEntitiesV2": "entities",
    "  MEDICATION         allopurinol": "DOSAGE 300 mg",
    "DetectPHI": "NAME Mary Jones",
    "InferICD10CM": "E11.9",
    "RecognizeText": "MakeAppointment ReadyForFulfillment: Date 2031-06-05, Kind check up, Time 09:30",
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
    "  Redacted": "write to [EMAIL]",
    "GetRecommendations": "a reader of crime: 10 crime",
    "PutEvents": "travel-1",
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


TOLD_OF_FORECASTS = {"CreateAutoPredictor": "WAPE", "QueryForecast": "p10, p50, p90"}


@pytest.mark.slow
def test_the_demo(tmp_path: Path) -> None:
    link_engine(tmp_path / "data", "forecasting")  # skips where the engine cannot be had
    done = subprocess.run(
        [sys.executable, "-m", "nonet.cli", "demo", "--keep", str(tmp_path / "kept")],
        env={**os.environ, "HOME": str(tmp_path), "NONET_DATA_DIRECTORY": str(tmp_path / "data")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    told = TOLD | TOLD_OF_FORECASTS | ({} if "Rekognition is left out" in done.stdout else TOLD_OF_PHOTOGRAPHS)
    for begin, text in told.items():
        assert any(line.startswith(begin) and text in line for line in lines), (begin, done.stdout)
    assert any(line.startswith("  Sentiment: NEGATIVE") for line in lines), done.stdout
    assert any(line.startswith("GetRecommendations") and "right after: 10 travel" in line for line in lines), done.stdout
    kept = tmp_path / "kept"
    page = (kept / "report.html").read_text(encoding="utf-8")
    named = set(re.findall(r'src="([^"]+)"', page))
    assert {"invoice.png", "letter.png", "call.ogg", "forecast.svg"} <= named
    assert all((kept / name).stat().st_size > 1000 for name in named)
