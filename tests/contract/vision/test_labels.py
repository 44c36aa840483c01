"""DetectLabels and DetectModerationLabels through boto3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.contract.answers import Recorder


@pytest.fixture(scope="module")
def dogs(photographs: Path) -> dict[str, bytes]:
    return {"Bytes": (photographs / "google_vision" / "puppies.jpg").read_bytes()}


@pytest.fixture(scope="module")
def answer(rekognition: Recorder, dogs: dict[str, bytes]) -> dict[str, Any]:
    return rekognition.ask("detect_labels", Image=dogs)


def names(answer: dict[str, Any]) -> list[str]:
    return [label["Name"] for label in answer["Labels"]]


def test_labels_have_their_ancestors(answer: dict[str, Any]) -> None:
    assert set(answer) == {"Labels", "LabelModelVersion"}
    labels = {label["Name"]: label for label in answer["Labels"]}
    assert {"Dog", "Animal"} <= set(labels)
    assert len(labels) == len(answer["Labels"]), "each label once"
    for label in answer["Labels"]:
        assert label["Categories"] and label["Confidence"] >= 55
        for parent in label["Parents"]:
            assert labels[parent["Name"]]["Confidence"] >= label["Confidence"]
        assert parent_names(label) <= set(labels)
    confidences = [label["Confidence"] for label in answer["Labels"]]
    assert confidences == sorted(confidences, reverse=True)
    assert labels["Dog"]["Instances"] and not labels["Animal"]["Instances"]


def parent_names(label: dict[str, Any]) -> set[str]:
    return {parent["Name"] for parent in label["Parents"]}


def test_confidence_and_number(rekognition: Recorder, dogs: dict[str, bytes], answer: dict[str, Any]) -> None:
    everything = rekognition.ask("detect_labels", Image=dogs, MinConfidence=0)
    assert len(everything["Labels"]) > len(answer["Labels"])
    assert names(rekognition.ask("detect_labels", Image=dogs, MaxLabels=2)) == names(answer)[:2]
    assert rekognition.ask("detect_labels", Image=dogs, MinConfidence=100, MaxLabels=5)["Labels"] == []


def filtered(rekognition: Recorder, dogs: dict[str, bytes], **filters: list[str]) -> list[str]:
    return names(rekognition.ask("detect_labels", Image=dogs, Settings={"GeneralLabels": filters}))


def test_filters(rekognition: Recorder, dogs: dict[str, bytes], answer: dict[str, Any]) -> None:
    assert filtered(rekognition, dogs, LabelInclusionFilters=["dog", "Submarine"]) == ["Dog"]
    without = filtered(rekognition, dogs, LabelExclusionFilters=["Dog"])
    assert without == [name for name in names(answer) if name != "Dog"]
    animals = filtered(rekognition, dogs, LabelCategoryInclusionFilters=["Animals and Pets"])
    assert "Dog" in animals
    assert "Dog" not in filtered(rekognition, dogs, LabelCategoryExclusionFilters=["Animals and Pets"])
    both = filtered(rekognition, dogs, LabelCategoryInclusionFilters=["Animals and Pets"], LabelExclusionFilters=["Dog"])
    assert both == [name for name in animals if name != "Dog"]


def test_image_properties(rekognition: Recorder, dogs: dict[str, bytes]) -> None:
    answer = rekognition.ask(
        "detect_labels",
        Image=dogs,
        Features=["GENERAL_LABELS", "IMAGE_PROPERTIES"],
        Settings={"ImageProperties": {"MaxDominantColors": 4}},
    )
    properties = answer["ImageProperties"]
    assert set(properties) == {"Quality", "DominantColors", "Foreground", "Background"}
    for part in (properties, properties["Foreground"], properties["Background"]):
        assert 1 <= len(part["DominantColors"]) <= 4
        assert all(0 <= value <= 100 for value in part["Quality"].values())
        assert sum(colour["PixelPercent"] for colour in part["DominantColors"]) <= 100.01
    dog = next(label for label in answer["Labels"] if label["Name"] == "Dog")
    assert all(instance["DominantColors"] for instance in dog["Instances"])
    only = rekognition.ask("detect_labels", Image=dogs, Features=["IMAGE_PROPERTIES"])
    assert not only.get("Labels") and only["ImageProperties"]["DominantColors"]


def test_which_models_answered(rekognition: Recorder, dogs: dict[str, bytes]) -> None:
    headers = rekognition.client.detect_labels(Image=dogs)["ResponseMetadata"]["HTTPHeaders"]
    assert headers["nonet-model"] == "picodet-s-coco,mobilenet-v2-imagenet"


@pytest.mark.parametrize("name", ["puppies.jpg", "landmark.jpg", "duck_and_truck.jpg", "face-input.jpg"])
def test_harmless_pictures_have_no_moderation_labels(rekognition: Recorder, photographs: Path, name: str) -> None:
    data = (photographs / "google_vision" / name).read_bytes()
    answer = rekognition.ask("detect_moderation_labels", Image={"Bytes": data})
    assert answer["ModerationLabels"] == [] and answer["ModerationModelVersion"] == "7.0"


def test_moderation_at_no_confidence(rekognition: Recorder, photographs: Path) -> None:
    """Every class is told with its probability; a label's parent is there too, and at least as sure."""
    data = (photographs / "google_vision" / "face-input.jpg").read_bytes()
    answer = rekognition.ask("detect_moderation_labels", Image={"Bytes": data}, MinConfidence=0)
    by_name = {label["Name"]: label for label in answer["ModerationLabels"]}
    assert by_name
    for label in answer["ModerationLabels"]:
        assert (label["TaxonomyLevel"] == 1) == (not label["ParentName"])
        if label["ParentName"]:
            assert by_name[label["ParentName"]]["Confidence"] >= label["Confidence"]


@pytest.mark.parametrize("option", ["HumanLoopConfig", "ProjectVersion"])
def test_what_moderation_cannot_do_is_refused(rekognition: Recorder, dogs: dict[str, bytes], option: str) -> None:
    given: dict[str, Any] = {
        "HumanLoopConfig": {"HumanLoopName": "loop", "FlowDefinitionArn": "arn:aws:sagemaker:us-east-1:000000000000:flow-definition/x"},
        "ProjectVersion": "arn:aws:rekognition:us-east-1:000000000000:project/p/version/v/1690405809285",
    }  # fmt: skip
    with pytest.raises(rekognition.client.exceptions.ClientError) as caught:
        rekognition.client.detect_moderation_labels(Image=dogs, **{option: given[option]})
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
