from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.vision.tasks import FacePicture
from tests.unit.services.vision.faces.pictures import OBAMA, portrait
from tests.unit.services.vision.pictures import coco


def test_portraits_of_known_men(load: Callable[[str], Any], shared_directory: Path) -> None:
    known = {"obama.jpg": (44, 58), "biden.jpg": (58, 76), "lin-manuel-miranda.png": (22, 38)}
    pictures = [portrait(shared_directory, name) for name in known]
    faces = [found[0] for found in load("yunet-n").run(pictures)]
    items = [FacePicture(picture.pixels, face) for picture, face in zip(pictures, faces, strict=True)]
    for estimate, (low, high) in zip(load("faceapi-age-gender").run(items), known.values(), strict=True):
        assert low <= estimate.age <= high
        assert estimate.female < 0.2


def test_children_and_a_woman(load: Callable[[str], Any], shared_directory: Path) -> None:
    children, woman = coco(shared_directory, 6954), coco(shared_directory, 8844)
    found, women = load("yunet-n").run([children, woman])
    items = [FacePicture(children.pixels, face) for face in found] + [FacePicture(woman.pixels, women[0])]
    *young, adult = load("faceapi-age-gender").run(items)
    assert len(young) == 5 and max(estimate.age for estimate in young) < 13 < adult.age
    assert adult.female > 0.5


def test_a_batch_gives_what_single_faces_give(load: Callable[[str], Any], shared_directory: Path) -> None:
    engine = load("faceapi-age-gender")
    item = FacePicture(portrait(shared_directory, "obama.jpg").pixels, OBAMA)
    mirrored = FacePicture(np.ascontiguousarray(item.pixels[:, ::-1]), OBAMA)
    first, second = engine.run([item, mirrored])
    assert engine.run([mirrored])[0].age == pytest.approx(second.age, abs=1e-3)
    assert first.age != second.age
