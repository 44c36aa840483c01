"""Image bytes are never written to disk or log: what a call was given is looked for everywhere afterwards."""

from __future__ import annotations

import io
import logging
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from tests.contract.vision.test_faces import photo
from tests.running import client, nonet
from tests.vision_models import put_models

MARK = b"a-mark-that-only-this-picture-has"


def marked(path: Path) -> tuple[bytes, bytes]:
    """The photograph as a PNG with a mark in it, and some bytes of its pixels as they are in memory."""
    image = Image.open(path).convert("RGB")
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", MARK.decode())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=text)
    pixels = np.asarray(image)
    middle = pixels[pixels.shape[0] // 3, pixels.shape[1] // 2 : pixels.shape[1] // 2 + 24]
    return buffer.getvalue(), middle.tobytes()


@pytest.mark.slow
def test_nothing_of_a_picture_is_left(
    photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    temporary, data = tmp_path / "temporary", tmp_path / "data"
    temporary.mkdir()
    put_models(data)  # before: the first who wants models has them put into the usual folder
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    picture, pixels = marked(photographs / "faces_ageitgey" / "obama.jpg")
    image = {"Bytes": picture}
    with caplog.at_level(logging.DEBUG), nonet(data, services="vision,documents", log_level="DEBUG") as addresses:
        rekognition = client("rekognition", addresses, config={"read_timeout": 120})
        rekognition.create_collection(CollectionId="people")
        rekognition.detect_labels(Image=image, Features=["GENERAL_LABELS", "IMAGE_PROPERTIES"])
        rekognition.detect_faces(Image=image, Attributes=["ALL"])
        rekognition.detect_moderation_labels(Image=image)
        rekognition.detect_text(Image=image)
        rekognition.recognize_celebrities(Image=image)
        rekognition.index_faces(CollectionId="people", Image=image)
        rekognition.search_faces_by_image(CollectionId="people", Image=image)
        rekognition.compare_faces(SourceImage=image, TargetImage=photo(photographs / "faces_ageitgey" / "biden.jpg"))
        with pytest.raises(rekognition.exceptions.ClientError):
            rekognition.detect_faces(Image={"Bytes": picture[: len(picture) // 2]})
    assert list(temporary.rglob("*")) == []
    needles = (MARK, picture[2000:2064], pixels)
    looked_at = 0
    for path in data.rglob("*"):
        if path.is_file() and "models" not in path.relative_to(data).parts:
            content = path.read_bytes()
            looked_at += len(content)
            assert not [needle for needle in needles if needle in content], path
    assert looked_at > 10_000, "the database at least is there"
    # The client is in this process too, and says at DEBUG what it sends: that is its own affair.
    records = [each for each in caplog.records if each.name.split(".")[0] not in ("botocore", "boto3", "urllib3")]
    log = "\n".join(record.getMessage() for record in records).encode()
    assert any(record.name.startswith("nonet") for record in records)
    assert not [needle for needle in needles if needle in log]
    assert picture[2000:2016].hex().encode() not in log and os.fsencode("obama") not in log
