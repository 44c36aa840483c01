from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.vision.faces.alignment import moved_points
from services.vision.faces.pose import (
    ANCHORS,
    AVERAGE_FACE,
    AVERAGE_POINTS,
    Pose,
    angles_of,
    pose_of,
    pose_of_points,
    rigid_fit,
    rotation_of,
)
from services.vision.tasks import FacePicture, FoundFace
from tests.unit.services.vision.faces.pictures import OBAMA, mirrored, portrait, posed_mesh

POSES = st.builds(Pose, st.floats(-170, 170), st.floats(-85, 85), st.floats(-80, 80))


def close(pose: Pose, other: Pose, degrees: float) -> bool:
    return np.allclose([pose.roll, pose.yaw, pose.pitch], [other.roll, other.yaw, other.pitch], atol=degrees)


@given(POSES)
def test_angles_and_rotations_say_the_same(pose: Pose) -> None:
    rotation = rotation_of(pose)
    assert np.allclose(rotation @ rotation.T, np.eye(3)) and np.linalg.det(rotation) == pytest.approx(1)
    assert close(angles_of(rotation), pose, 1e-4)


@given(POSES)
def test_a_turned_mesh_has_that_pose(pose: Pose) -> None:
    assert close(pose_of(posed_mesh(pose)), pose, 0.1)


@given(POSES)
def test_a_rigid_fit_finds_rotation_scale_and_shift(pose: Pose) -> None:
    target = AVERAGE_FACE @ rotation_of(pose).T * 7 + (1, 2, 3)
    rotation, scale, shift = rigid_fit(AVERAGE_FACE, target)
    assert rotation == pytest.approx(rotation_of(pose), abs=1e-6)
    assert scale == pytest.approx(7) and shift == pytest.approx([1, 2, 3])


def turned(pose: Pose, anchor: int) -> np.ndarray[Any, Any]:
    return np.asarray((AVERAGE_FACE @ rotation_of(pose).T)[ANCHORS.index(anchor)])


def test_signs_are_those_of_rekognition() -> None:
    nose, left_eye, right_eye = 4, 263, 33
    middle = (turned(Pose(0, 20, 0), left_eye) + turned(Pose(0, 20, 0), right_eye)) / 2
    assert turned(Pose(0, 20, 0), nose)[0] > middle[0]  # looks to the right of the picture
    assert turned(Pose(0, 0, 20), nose)[1] < turned(Pose(0, 0, 0), nose)[1]  # looks up: the nose rises
    assert turned(Pose(20, 0, 0), left_eye)[1] > turned(Pose(20, 0, 0), right_eye)[1]  # leans clockwise


#: Eyes, nose and corners of the mouth, x and y as ratios, of two faces in answers that Amazon shows, and their poses
#: there. The first picture is three by four, as its square box tells; the second is taken for about square.
DOCUMENTED = [
    (
        [(0.2377, 0.2779), (0.3945, 0.2528), (0.2862, 0.3368), (0.2889, 0.4019), (0.4136, 0.3877)],
        (3, 4),
        Pose(-10.9, -25.8, 1.1),
    ),
    (
        [(0.3963, 0.1508), (0.4583, 0.1341), (0.4335, 0.1626), (0.4165, 0.2142), (0.4680, 0.2001)],
        (3, 2.9),
        Pose(-15.1, 0.6, 23.7),
    ),
]


@pytest.mark.parametrize(("points", "aspect", "documented"), DOCUMENTED)
def test_signs_agree_with_documented_answers(
    points: list[tuple[float, float]], aspect: tuple[float, float], documented: Pose
) -> None:
    found = pose_of_points(np.array(points, dtype=np.float32) * np.array(aspect, dtype=np.float32))
    for ours, theirs in ((found.roll, documented.roll), (found.yaw, documented.yaw), (found.pitch, documented.pitch)):
        if abs(theirs) > 5:
            assert ours * theirs > 0


@given(st.builds(Pose, st.floats(-40, 40), st.floats(-60, 60), st.floats(-40, 40)))
def test_five_points_of_the_average_face_have_its_pose(pose: Pose) -> None:
    flat = (AVERAGE_POINTS @ rotation_of(pose).T)[:, :2] * 80 + 300
    assert close(pose_of_points(flat.astype(np.float32)), pose, 0.2)


def test_a_leaning_picture_adds_to_the_roll(load: Callable[[str], Any], shared_directory: Path) -> None:
    pixels = portrait(shared_directory, "obama.jpg").pixels
    matrix = np.asarray(cv2.getRotationMatrix2D(OBAMA.box.center, -30, 1.0), np.float64)  # clockwise
    leaning = np.asarray(cv2.warpAffine(pixels, matrix, (pixels.shape[1], pixels.shape[0])), np.uint8)
    face = FoundFace(OBAMA.box, 1.0, moved_points(OBAMA.points, matrix).astype(np.float32))
    straight, turned = load("mediapipe-face-mesh").run([FacePicture(pixels, OBAMA), FacePicture(leaning, face)])
    before, after = pose_of(straight.points), pose_of(turned.points)
    assert abs(before.roll) < 5 and abs(before.yaw) < 8 and abs(before.pitch) < 8
    assert after.roll - before.roll == pytest.approx(30, abs=4)
    assert after.yaw == pytest.approx(before.yaw, abs=6) and after.pitch == pytest.approx(before.pitch, abs=6)


def test_a_mirror_turns_yaw_and_roll_around(load: Callable[[str], Any], shared_directory: Path) -> None:
    picture = portrait(shared_directory, "obama2.jpg")
    (faces,) = load("yunet-n").run([picture])
    items = [FacePicture(picture.pixels, faces[0]), mirrored(picture.pixels, faces[0])]
    pose, reflected = (pose_of(mesh.points) for mesh in load("mediapipe-face-mesh").run(items))
    assert pose.yaw < -8  # he looks to the left of the picture
    assert reflected.yaw == pytest.approx(-pose.yaw, abs=5) and reflected.roll == pytest.approx(-pose.roll, abs=5)
    assert reflected.pitch == pytest.approx(pose.pitch, abs=5)
