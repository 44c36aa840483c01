"""DetectText through boto3, on a drawing whose words are known and on photographs."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.contract.answers import Recorder

LINES = ["Harbour Street 12", "Closed on Mondays"]


@pytest.fixture(scope="module")
def sign() -> dict[str, bytes]:
    picture = Image.new("RGB", (900, 400), (30, 60, 120))
    draw = ImageDraw.Draw(picture)
    for number, text in enumerate(LINES):
        draw.text((60, 60 + 160 * number), text, font=ImageFont.load_default(size=72), fill="white")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return {"Bytes": buffer.getvalue()}


def texts(answer: dict[str, Any], kind: str) -> list[str]:
    return [each["DetectedText"] for each in answer["TextDetections"] if each["Type"] == kind]


def test_lines_and_words(rekognition: Recorder, sign: dict[str, bytes]) -> None:
    answer = rekognition.ask("detect_text", Image=sign)
    assert set(answer) == {"TextDetections", "TextModelVersion"}
    assert texts(answer, "LINE") == LINES
    assert texts(answer, "WORD") == " ".join(LINES).split()
    detections = answer["TextDetections"]
    assert [each["Id"] for each in detections] == list(range(len(detections)))
    lines = {each["Id"]: each for each in detections if each["Type"] == "LINE"}
    for each in detections:
        assert 0 <= each["Confidence"] <= 100 and len(each["Geometry"]["Polygon"]) == 4
        if each["Type"] == "WORD":
            assert each["DetectedText"] in lines[each["ParentId"]]["DetectedText"]
        else:
            assert "ParentId" not in each
    first = lines[0]["Geometry"]["BoundingBox"]
    assert 0.04 < first["Left"] < 0.1 and 0.1 < first["Top"] < 0.25 and 0.5 < first["Width"] < 0.9


def test_filters(rekognition: Recorder, sign: dict[str, bytes]) -> None:
    lower = {"RegionsOfInterest": [{"BoundingBox": {"Left": 0, "Top": 0.5, "Width": 1, "Height": 0.5}}]}
    assert texts(rekognition.ask("detect_text", Image=sign, Filters=lower), "LINE") == LINES[1:]
    corner = {"RegionsOfInterest": [{"Polygon": [{"X": 0, "Y": 0}, {"X": 0.45, "Y": 0}, {"X": 0.45, "Y": 0.5}, {"X": 0, "Y": 0.5}]}]}  # fmt: skip
    assert texts(rekognition.ask("detect_text", Image=sign, Filters=corner), "WORD") == ["Harbour"]
    tall = {"WordFilter": {"MinBoundingBoxHeight": 0.9}}
    assert rekognition.ask("detect_text", Image=sign, Filters=tall)["TextDetections"] == []
    wide = {"WordFilter": {"MinConfidence": 0, "MinBoundingBoxWidth": 0.2}}
    assert "12" not in texts(rekognition.ask("detect_text", Image=sign, Filters=wide), "WORD")


def test_a_photograph(rekognition: Recorder, photographs: Path) -> None:
    data = (photographs / "google_vision" / "wakeupcat.jpg").read_bytes()
    read = " ".join(texts(rekognition.ask("detect_text", Image={"Bytes": data}), "LINE"))
    assert "wakeuphuman" in read.replace(" ", "").lower()


def test_a_picture_without_text(rekognition: Recorder) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200), "teal").save(buffer, "PNG")
    assert rekognition.ask("detect_text", Image={"Bytes": buffer.getvalue()})["TextDetections"] == []
