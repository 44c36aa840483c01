"""Rekognition: what photographs show, whose faces they have, and a collection that finds somebody again."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from nonet.cli.models import ProgressBar
from nonet.demo.stage import Stage, timed
from shared import errors
from shared.models.catalog import Catalog, CatalogEntry, ModelFile, Tier
from shared.models.store import ModelStore
from shared.settings import settings

_RAW = "https://raw.githubusercontent.com"
_SAMPLES = f"{_RAW}/GoogleCloudPlatform/python-docs-samples/9f24bc2c0ede6ac38b4e57325bd90b4794b1f288"
_FACES = f"{_RAW}/ageitgey/face_recognition/112d636609de01c8623366d056a67a8a1d798675"
#: Photographs that others have published: fetched like models, never kept in the repository.
PHOTOGRAPHS = CatalogEntry(
    id="demo-photographs",
    task="demo",
    engine="none:none",
    tier=Tier.CATALOG,
    licence="Apache-2.0 (puppies); works of the US government (people)",
    description="Three photographs for `nonet demo`.",
    memory_bytes=1,
    files=(
        ModelFile(
            path="puppies.jpg",
            url=f"{_SAMPLES}/vision/snippets/detect/resources/puppies.jpg",
            sha256="69ef464f7a1bfd1d9d6b922baed932549642f07e43cd3c9a00b7f7e2b4dabe89",
            bytes=286600,
            mirror_path="../data/vision/google_vision/puppies.jpg",
        ),
        ModelFile(
            path="portrait.jpg",
            url=f"{_FACES}/tests/test_images/obama.jpg",
            sha256="0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6",
            bytes=279922,
            mirror_path="../data/vision/faces_ageitgey/obama.jpg",
        ),
        ModelFile(
            path="two_people.jpg",
            url=f"{_FACES}/examples/two_people.jpg",
            sha256="536b29cd513fb618e4d5aa79d51a279948daa804ce359463449cce5f9dc68aa7",
            bytes=487722,
            mirror_path="../data/vision/faces_ageitgey/two_people.jpg",
        ),
    ),
)


def prepare(data: Path) -> Path | None:
    """Get models and photographs into the user's data directory, and the models into the demo's own, ``data``.

    The folder with the photographs; None where they cannot be had, which is told.
    """
    store = ModelStore(settings().data_directory, settings().model_mirror)
    wanted = [*Catalog.load().of_service("vision"), PHOTOGRAPHS]
    missing = [entry for entry in wanted if not store.installed(entry)]
    if missing:
        size = sum(file.bytes for entry in missing for file in entry.files)
        print(f"Getting models that see, and photographs ({size / 1e6:.0f} MB, once) ...", flush=True)
    bar = ProgressBar(sys.stderr.isatty())
    try:
        for entry in missing:
            store.pull(entry, bar)
    except errors.FailedPrecondition as reason:
        print(f"Rekognition is left out: {reason.message}\n")
        return None
    finally:
        bar.finish()
    (data / "models").symlink_to(store.place("").resolve(), target_is_directory=True)
    return store.directory(PHOTOGRAPHS)


def show(stage: Stage, photographs: Path) -> None:
    rekognition = stage.client("rekognition")
    puppies, portrait, pair = (
        {"Bytes": (photographs / name).read_bytes()} for name in ("puppies.jpg", "portrait.jpg", "two_people.jpg")
    )
    stage.report.title("Rekognition: three puppies, a portrait, two people")
    show_labels(stage, rekognition, puppies)
    show_faces(stage, rekognition, portrait)
    show_collection(stage, rekognition, portrait, pair)


def show_labels(stage: Stage, rekognition: Any, image: dict[str, bytes]) -> None:
    answer, seconds = timed(
        lambda: rekognition.detect_labels(Image=image, Features=["GENERAL_LABELS", "IMAGE_PROPERTIES"])
    )
    labels = [f"{label['Name']} {label['Confidence']:.0f}" for label in answer["Labels"][:5]]
    stage.report.row("DetectLabels", ", ".join(labels), seconds, answer)
    for label in answer["Labels"]:
        if label["Instances"]:
            stage.report.line(f"  {len(label['Instances'])} x {label['Name']}")
    stage.report.keep("puppies.png", with_boxes(image["Bytes"], answer["Labels"]), "What Rekognition found, and where")
    colours = answer["ImageProperties"]["DominantColors"][:3]
    stage.report.line("  colours: " + ", ".join(f"{each['CSSColor']} {each['PixelPercent']:.0f} %" for each in colours))


def with_boxes(image: bytes, labels: list[dict[str, Any]]) -> bytes:
    """The photograph as a PNG file of at most 900 pixels a side, each instance of a label in a frame with its name."""
    with Image.open(io.BytesIO(image)) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((900, 900))
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(size=18)
    for label in labels:
        for instance in label["Instances"]:
            box = instance["BoundingBox"]
            left, top = box["Left"] * picture.width, box["Top"] * picture.height
            right, bottom = left + box["Width"] * picture.width, top + box["Height"] * picture.height
            draw.rectangle((left, top, right, bottom), outline="#ffd400", width=3)
            draw.text((left + 6, top + 4), f"{label['Name']} {instance['Confidence']:.0f}", font=font, fill="#ffd400")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def show_faces(stage: Stage, rekognition: Any, image: dict[str, bytes]) -> None:
    answer, seconds = timed(lambda: rekognition.detect_faces(Image=image, Attributes=["ALL"]))
    (face, *_) = answer["FaceDetails"]
    age = face["AgeRange"]
    told = f"{face['Gender']['Value']}, {age['Low']} to {age['High']} years, {face['Emotions'][0]['Type']}"
    stage.report.row("DetectFaces", told, seconds, answer)


def show_collection(stage: Stage, rekognition: Any, portrait: dict[str, bytes], pair: dict[str, bytes]) -> None:
    rekognition.create_collection(CollectionId="demo")
    answer, seconds = timed(lambda: rekognition.index_faces(CollectionId="demo", Image=pair, ExternalImageId="pair"))
    stage.report.row("IndexFaces", f"{len(answer['FaceRecords'])} faces", seconds, answer)
    answer, seconds = timed(lambda: rekognition.search_faces_by_image(CollectionId="demo", Image=portrait))
    found = ", ".join(f"similarity {match['Similarity']:.0f}" for match in answer["FaceMatches"])
    stage.report.row(
        "SearchFacesByImage", f"{len(answer['FaceMatches'])} of them is on the portrait: {found}", seconds, answer
    )
