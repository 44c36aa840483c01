"""DetectFaces, CompareFaces and RecognizeCelebrities through boto3, on photographs of people whose names are known."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from PIL import Image

from tests.contract.answers import Recorder

#: Attributes that an installed model can tell; the others of "ALL" are left out.
TOLD = {
    "BoundingBox", "Confidence", "Landmarks", "Pose", "Quality", "AgeRange", "Gender", "Emotions", "Smile", "EyesOpen",
    "MouthOpen", "EyeDirection",
}  # fmt: skip
LEFT_OUT = {"Eyeglasses", "Sunglasses", "Beard", "Mustache"}


@pytest.fixture(scope="module")
def people(photographs: Path) -> Path:
    return photographs / "faces_ageitgey"


def photo(path: Path) -> dict[str, bytes]:
    return {"Bytes": path.read_bytes()}


def scenery() -> dict[str, bytes]:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((300, 200)).save(buffer, "PNG")
    return {"Bytes": buffer.getvalue()}


def test_all_attributes(rekognition: Recorder, people: Path) -> None:
    answer = rekognition.ask("detect_faces", Image=photo(people / "obama.jpg"), Attributes=["ALL"])
    (face,) = answer["FaceDetails"]
    assert set(face) >= TOLD and not LEFT_OUT & set(face)
    box = face["BoundingBox"]
    assert 0.3 < box["Left"] + box["Width"] / 2 < 0.7 and box["Top"] + box["Height"] / 2 < 0.4
    assert face["Confidence"] > 80
    assert face["Gender"]["Value"] == "Male" and face["Smile"]["Value"] is True
    assert face["EyesOpen"]["Value"] is True
    assert face["AgeRange"]["Low"] <= 50 <= face["AgeRange"]["High"] + 10
    assert face["Emotions"][0]["Type"] == "HAPPY"
    confidences = [each["Confidence"] for each in face["Emotions"]]
    assert confidences == sorted(confidences, reverse=True) and sum(confidences) == pytest.approx(100, abs=0.5)
    assert len({each["Type"] for each in face["Landmarks"]}) == 30
    points = {each["Type"]: (each["X"], each["Y"]) for each in face["Landmarks"]}
    assert points["eyeLeft"][0] < points["nose"][0] < points["eyeRight"][0]
    assert points["eyeLeft"][1] < points["nose"][1] < points["mouthLeft"][1] < points["chinBottom"][1]
    assert all(abs(face["Pose"][name]) < 25 for name in ("Roll", "Yaw", "Pitch"))


def test_an_open_mouth(rekognition: Recorder, photographs: Path) -> None:
    path = photographs / "google_vision" / "face_no_surprise.jpg"
    faces = rekognition.ask("detect_faces", Image=photo(path), Attributes=["MOUTH_OPEN"])["FaceDetails"]
    assert faces[0]["MouthOpen"]["Value"] is True
    assert set(faces[0]) == {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality", "MouthOpen"}


def test_default_attributes(rekognition: Recorder, people: Path) -> None:
    for given in ({}, {"Attributes": ["DEFAULT"]}, {"Attributes": ["BEARD"]}):
        answer = rekognition.ask("detect_faces", Image=photo(people / "two_people.jpg"), **given)
        assert len(answer["FaceDetails"]) == 2
        for face in answer["FaceDetails"]:
            assert set(face) == {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}


def test_no_faces(rekognition: Recorder) -> None:
    assert rekognition.ask("detect_faces", Image=scenery(), Attributes=["ALL"])["FaceDetails"] == []


def test_compare_faces(rekognition: Recorder, people: Path) -> None:
    answer = rekognition.ask(
        "compare_faces", SourceImage=photo(people / "obama.jpg"), TargetImage=photo(people / "two_people.jpg")
    )
    (match,) = answer["FaceMatches"]
    assert match["Similarity"] >= 80 and len(answer["UnmatchedFaces"]) == 1
    assert match["Face"]["BoundingBox"]["Left"] < answer["UnmatchedFaces"][0]["BoundingBox"]["Left"]
    assert set(match["Face"]) == {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}
    assert set(answer["SourceImageFace"]) == {"BoundingBox", "Confidence"}


def test_the_threshold(rekognition: Recorder, people: Path) -> None:
    images = {"SourceImage": photo(people / "obama.jpg"), "TargetImage": photo(people / "two_people.jpg")}
    everybody = rekognition.ask("compare_faces", **images, SimilarityThreshold=0)
    assert len(everybody["FaceMatches"]) == 2 and everybody.get("UnmatchedFaces", []) == []
    likenesses = [match["Similarity"] for match in everybody["FaceMatches"]]
    assert likenesses == sorted(likenesses, reverse=True) and likenesses[1] < 50
    assert rekognition.ask("compare_faces", **images, SimilarityThreshold=100)["FaceMatches"] == []


@pytest.mark.parametrize("which", ["SourceImage", "TargetImage"])
def test_nobody_to_compare(rekognition: Recorder, people: Path, which: str) -> None:
    images = {"SourceImage": photo(people / "obama.jpg"), "TargetImage": photo(people / "obama.jpg"), which: scenery()}
    with pytest.raises(ClientError) as caught:
        rekognition.client.compare_faces(**images)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"


def test_nobody_is_known_at_first(rekognition: Recorder, people: Path) -> None:
    answer = rekognition.ask("recognize_celebrities", Image=photo(people / "two_people.jpg"))
    assert answer["CelebrityFaces"] == [] and len(answer["UnrecognizedFaces"]) == 2
    with pytest.raises(ClientError) as caught:
        rekognition.client.get_celebrity_info(Id="nobody")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_quality_filter(rekognition: Recorder, people: Path, collection: str) -> None:
    """A face of some 30 pixels: good enough by default, not good enough for HIGH."""
    original = Image.open(people / "obama.jpg")
    canvas = Image.new("RGB", (1600, 1200), "grey")
    canvas.paste(original.resize((110, 137)), (100, 100))
    buffer = io.BytesIO()
    canvas.save(buffer, "PNG")
    small: dict[str, Any] = {"Bytes": buffer.getvalue()}
    found = rekognition.ask("detect_faces", Image=small)["FaceDetails"]
    assert len(found) == 1
    refused = rekognition.ask("index_faces", CollectionId=collection, Image=small, QualityFilter="HIGH")
    assert refused["FaceRecords"] == [] and len(refused["UnindexedFaces"]) == 1
    assert "SMALL_BOUNDING_BOX" in refused["UnindexedFaces"][0]["Reasons"]
    with pytest.raises(ClientError) as caught:
        rekognition.client.search_faces_by_image(CollectionId=collection, Image=small, QualityFilter="HIGH")
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"
    taken = rekognition.ask("index_faces", CollectionId=collection, Image=small)
    assert len(taken["FaceRecords"]) == 1
