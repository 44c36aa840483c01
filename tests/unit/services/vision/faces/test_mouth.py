from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.vision.faces.mouth import mouth_open, mouth_openness
from services.vision.tasks import FacePicture, Points
from tests.unit.services.vision.faces.pictures import portrait


def lips(opening: float) -> Points:
    """A mesh whose lips are 100 apart at the corners and ``100 * opening`` between."""
    mesh = np.zeros((468, 3), np.float32)
    mesh[308, 0] = 100
    for upper, lower in ((82, 87), (13, 14), (312, 317)):
        mesh[upper] = [50, -50 * opening, 3]
        mesh[lower] = [50, 50 * opening, 9]  # depth does not count
    return mesh


def test_openness_is_height_over_width() -> None:
    assert mouth_openness(lips(0.4)) == pytest.approx(0.4)
    assert mouth_openness(np.zeros((468, 3), np.float32)) == 0


def test_confidence_grows_away_from_the_doubtful() -> None:
    wide, ajar, shut = (mouth_open(lips(opening)) for opening in (0.5, 0.15, 0.01))
    assert wide.value and wide.confidence > 99
    assert ajar.value and 50 <= ajar.confidence < 80
    assert not shut.value and shut.confidence > 95


def test_portraits(load: Callable[[str], Any], shared_directory: Path) -> None:
    for name, expected in (("obama.jpg", True), ("obama2.jpg", True), ("biden.jpg", False)):
        picture = portrait(shared_directory, name)
        (faces,) = load("yunet-n").run([picture])
        (mesh,) = load("mediapipe-face-mesh").run([FacePicture(picture.pixels, faces[0])])
        assert mouth_open(mesh.points).value is expected
