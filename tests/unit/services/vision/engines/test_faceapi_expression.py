from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.vision.engines.faceapi_expression import EMOTIONS
from services.vision.tasks import FacePicture
from tests.unit.services.vision.faces.pictures import portrait
from tests.unit.services.vision.pictures import coco


def test_faces_whose_expression_anybody_can_tell(load: Callable[[str], Any], shared_directory: Path) -> None:
    pictures = {
        "HAPPY": portrait(shared_directory, "obama.jpg"),
        "CALM": portrait(shared_directory, "biden.jpg"),
    }
    faces = [found[0] for found in load("yunet-n").run(list(pictures.values()))]
    items = [FacePicture(picture.pixels, face) for picture, face in zip(pictures.values(), faces, strict=True)]
    for emotion, probabilities in zip(pictures, load("faceapi-expression").run(items), strict=True):
        assert tuple(probabilities) == EMOTIONS
        assert sum(probabilities.values()) == pytest.approx(1, abs=1e-4)
        assert max(probabilities, key=lambda name: probabilities[name]) == emotion


def test_a_batch_gives_what_single_faces_give(load: Callable[[str], Any], shared_directory: Path) -> None:
    picture = coco(shared_directory, 6954)
    (faces,) = load("yunet-n").run([picture])
    items = [FacePicture(picture.pixels, face) for face in faces]
    engine = load("faceapi-expression")
    for item, together in zip(items, engine.run(items), strict=True):
        assert engine.run([item])[0] == pytest.approx(together, abs=1e-4)
