from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from services.vision.tasks import EyePicture, FacePicture
from tests.unit.services.vision.faces.pictures import OBAMA, mirrored, portrait


def test_irises_are_round_and_lie_between_the_lids(load: Callable[[str], Any], shared_directory: Path) -> None:
    pixels = portrait(shared_directory, "obama.jpg").pixels
    (mesh,) = load("mediapipe-face-mesh").run([FacePicture(pixels, OBAMA)])
    (irises,) = load("mediapipe-iris").run([EyePicture(pixels, mesh)])
    for iris, lids, eye in ((irises.right, irises.right_lids, 0), (irises.left, irises.left_lids, 1)):
        assert iris.shape == (5, 2) and lids.shape == (16, 2)
        assert np.abs(iris[0] - OBAMA.points[eye]).max() < 12
        radii = np.hypot(*(iris[1:] - iris[0]).T)
        assert radii.max() < 1.3 * radii.min()
        assert lids[:, 0].min() < iris[0, 0] < lids[:, 0].max()
        # The upper lid (from the tenth point on) is above the middle of the lower one.
        assert lids[12, 1] < lids[4, 1]
    # Outer corner first: at the picture's left for the person's right eye.
    assert irises.right_lids[0, 0] < irises.right_lids[8, 0]
    assert irises.left_lids[0, 0] > irises.left_lids[8, 0]


def test_a_mirrored_picture_swaps_the_eyes(load: Callable[[str], Any], shared_directory: Path) -> None:
    pixels = portrait(shared_directory, "obama2.jpg").pixels  # he looks aside
    (faces,) = load("yunet-n").run([portrait(shared_directory, "obama2.jpg")])
    both = [FacePicture(pixels, faces[0]), mirrored(pixels, faces[0])]
    meshes = load("mediapipe-face-mesh").run(both)
    one, other = load("mediapipe-iris").run(
        [EyePicture(face.pixels, mesh) for face, mesh in zip(both, meshes, strict=True)]
    )
    eye_width = float(np.hypot(*(one.right_lids[8] - one.right_lids[0])))
    across = pixels.shape[1] - other.left[0, 0]
    assert abs(across - one.right[0, 0]) < 0.1 * eye_width
    assert abs(other.left[0, 1] - one.right[0, 1]) < 0.1 * eye_width
