"""What comes in: every kind of JPEG and PNG that there is, what is no picture, and the published limits."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError
from PIL import ExifTags, Image

from tests.contract.answers import Recorder

IMAGE_OPERATIONS = (
    "detect_labels", "detect_faces", "detect_moderation_labels", "detect_text", "recognize_celebrities",
)  # fmt: skip


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def puppies(photographs: Path) -> Image.Image:
    return Image.open(photographs / "google_vision" / "puppies.jpg").resize((640, 360))


def sixteen_bit(image: Image.Image) -> bytes:
    grey = np.asarray(image.convert("L"), dtype=np.uint16) * 257
    return encoded(Image.fromarray(grey))


def turned(image: Image.Image) -> bytes:
    """Lying on its side, with EXIF that says so."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    return encoded(image.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=92)


def animated(image: Image.Image) -> bytes:
    return encoded(image, save_all=True, append_images=[Image.new("RGB", image.size, "red")], duration=100)


def transparent(image: Image.Image) -> bytes:
    layer = image.convert("RGBA")
    layer.putalpha(Image.linear_gradient("L").resize(image.size).point(lambda value: 128 + value // 2))
    return encoded(layer)


KINDS: dict[str, Callable[[Image.Image], bytes]] = {
    "JPEG": lambda image: encoded(image, "JPEG", quality=92),
    "progressive JPEG": lambda image: encoded(image, "JPEG", progressive=True, quality=92),
    "PNG": lambda image: encoded(image),
    "greyscale": lambda image: encoded(image.convert("L")),
    "palette": lambda image: encoded(image.convert("P", palette=Image.Palette.ADAPTIVE)),
    "alpha": transparent,
    "CMYK": lambda image: encoded(image.convert("CMYK"), "JPEG", quality=92),
    "16 bit": sixteen_bit,
    "animated": animated,
    "turned by EXIF": turned,
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_dogs_in_every_kind_of_file(rekognition: Recorder, puppies: Image.Image, kind: str) -> None:
    answer = rekognition.ask("detect_labels", Image={"Bytes": KINDS[kind](puppies)}, MinConfidence=30)
    dog = next(label for label in answer["Labels"] if label["Name"] == "Dog")
    assert dog["Confidence"] > 60
    # The three fill the upright picture from side to side.
    boxes = [each["BoundingBox"] for each in dog["Instances"]]
    left, right = min(box["Left"] for box in boxes), max(box["Left"] + box["Width"] for box in boxes)
    assert left < 0.25 and right > 0.75 and all(box["Height"] > 0.5 for box in boxes)


def test_an_object_in_s3(rekognition: Recorder, s3: Any, puppies: Image.Image) -> None:
    bucket = f"pictures-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a b/dogs.jpg", Body=encoded(puppies, "JPEG"))
    answer = rekognition.ask("detect_labels", Image={"S3Object": {"Bucket": bucket, "Name": "a b/dogs.jpg"}})
    assert any(label["Name"] == "Dog" for label in answer["Labels"])
    for place in ({"Bucket": bucket, "Name": "nothing.jpg"}, {"Bucket": "nobody-has-this-bucket", "Name": "x"}):
        assert refused(rekognition, "detect_faces", {"S3Object": place}) == "InvalidS3ObjectException"
    s3.put_object(Bucket=bucket, Key="large.jpg", Body=bytes(15 * 1024 * 1024 + 1))
    place = {"Bucket": bucket, "Name": "large.jpg"}
    assert refused(rekognition, "detect_faces", {"S3Object": place}) == "ImageTooLargeException"


def refused(rekognition: Recorder, operation: str, image: dict[str, Any], **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        getattr(rekognition.client, operation)(Image=image, **parameters)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return str(caught.value.response["Error"]["Code"])


GREY = Image.new("RGB", (100, 100), "grey")
BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "no picture": (lambda: b"this is no picture at all", "InvalidImageFormatException"),
    "GIF": (lambda: encoded(GREY, "GIF"), "InvalidImageFormatException"),
    "TIFF": (lambda: encoded(GREY, "TIFF"), "InvalidImageFormatException"),
    "truncated PNG": (lambda: encoded(GREY)[:60], "InvalidImageFormatException"),
    "truncated JPEG": (lambda: encoded(GREY, "JPEG")[:150], "InvalidImageFormatException"),
    "79 pixels high": (lambda: encoded(GREY.resize((200, 79))), "InvalidParameterException"),
    "10,001 pixels wide": (lambda: encoded(Image.new("L", (10_001, 80))), "ImageTooLargeException"),
    "5 MB and a byte": (lambda: bytes(5 * 1024 * 1024 + 1), "ImageTooLargeException"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("operation", IMAGE_OPERATIONS)
def test_what_is_refused(rekognition: Recorder, operation: str, name: str) -> None:
    make, code = BAD[name]
    assert refused(rekognition, operation, {"Bytes": make()}) == code


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ({}, "InvalidParameterException"),
        ({"Bytes": encoded(GREY), "S3Object": {"Bucket": "bucket", "Name": "x"}}, "InvalidParameterException"),
        ({"S3Object": {"Bucket": "bucket"}}, "InvalidParameterException"),
        ({"S3Object": {"Name": "x"}}, "InvalidParameterException"),
    ],
)
def test_an_image_is_given_in_one_way(rekognition: Recorder, image: dict[str, Any], code: str) -> None:
    assert refused(rekognition, "detect_labels", image) == code


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("detect_labels", {"MinConfidence": 101}),
        ("detect_labels", {"Features": ["SOMETHING"]}),
        ("detect_labels", {"Features": ["IMAGE_PROPERTIES"], "Settings": {"ImageProperties": {"MaxDominantColors": 21}}}),
        ("detect_labels", {"Settings": {"GeneralLabels": {"LabelInclusionFilters": ["Dog"], "LabelExclusionFilters": ["dog"]}}}),
        ("detect_moderation_labels", {"MinConfidence": 100.5}),
        ("detect_text", {"Filters": {"WordFilter": {"MinConfidence": 100.5}}}),
        ("detect_text", {"Filters": {"RegionsOfInterest": [{}]}}),
        ("detect_text", {"Filters": {"RegionsOfInterest": [{"Polygon": [{"X": 0, "Y": 0}, {"X": 1, "Y": 1}]}]}}),
        ("detect_faces", {"Attributes": ["SHOE_SIZE"]}),
    ],
)  # fmt: skip
def test_parameters_out_of_range(rekognition: Recorder, operation: str, parameters: dict[str, Any]) -> None:
    assert refused(rekognition, operation, {"Bytes": encoded(GREY)}, **parameters) == "InvalidParameterException"
