from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.vision.faces.analysis import face_picture
from services.vision.faces.landmarks import DEFAULT_LANDMARKS, MESH_LANDMARKS, all_landmarks, default_landmarks
from services.vision.tasks import EyePicture
from tests.unit.services.vision.faces.pictures import OBAMA, portrait


def test_the_detectors_points_are_ratios_of_the_picture() -> None:
    landmarks = default_landmarks(OBAMA, (910, 1137))
    assert tuple(each.type for each in landmarks) == DEFAULT_LANDMARKS
    assert (landmarks[0].x, landmarks[0].y) == pytest.approx((445 / 910, 213 / 1137))


def test_all_thirty_lie_as_they_do_in_a_face(load: Callable[[str], Any], shared_directory: Path) -> None:
    picture = portrait(shared_directory, "obama.jpg")
    height, width = picture.pixels.shape[:2]
    crop, offset = face_picture(picture, OBAMA)
    (mesh,) = load("mediapipe-face-mesh").run([crop])
    (irises,) = load("mediapipe-iris").run([EyePicture(crop.pixels, mesh)])
    landmarks = all_landmarks(OBAMA, mesh, irises, (width, height), offset)
    at = {each.type: (each.x * width, each.y * height) for each in landmarks}
    assert len(landmarks) == len(at) == 30 == len(DEFAULT_LANDMARKS) + len(MESH_LANDMARKS) + 2

    def left_to_right(*names: str) -> bool:
        across = [at[name][0] for name in names]
        return across == sorted(across)

    def top_to_bottom(*names: str) -> bool:
        down = [at[name][1] for name in names]
        return down == sorted(down)

    assert left_to_right("upperJawlineLeft", "leftEyeLeft", "leftPupil", "leftEyeRight", "nose", "rightEyeLeft")
    assert left_to_right("nose", "rightEyeLeft", "rightPupil", "rightEyeRight", "upperJawlineRight")
    assert left_to_right("leftEyeBrowLeft", "leftEyeBrowUp", "leftEyeBrowRight", "rightEyeBrowLeft")
    assert left_to_right("rightEyeBrowLeft", "rightEyeBrowUp", "rightEyeBrowRight")
    assert left_to_right(
        "midJawlineLeft", "mouthLeft", "noseLeft", "nose", "noseRight", "mouthRight", "midJawlineRight"
    )
    assert left_to_right("mouthLeft", "chinBottom", "mouthRight")
    assert top_to_bottom("leftEyeBrowUp", "leftEyeUp", "leftPupil", "leftEyeDown", "nose", "mouthUp", "mouthDown")
    assert top_to_bottom("rightEyeBrowUp", "rightEyeUp", "rightPupil", "rightEyeDown", "mouthRight", "chinBottom")
    assert top_to_bottom("upperJawlineLeft", "midJawlineLeft", "chinBottom")
    for pupil, eye in (("leftPupil", "eyeLeft"), ("rightPupil", "eyeRight")):
        assert at[pupil] == pytest.approx(at[eye], abs=12)
