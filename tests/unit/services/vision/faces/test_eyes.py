from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.vision.faces.eyes import CORNER_DROP, EYEBALL, eye_direction, eyes_open, openness
from services.vision.faces.pose import Pose, pose_of
from services.vision.tasks import EyePicture, FacePicture, Irises, Points
from shared.tasks.reading import Picture
from tests.unit.services.vision.faces.pictures import portrait
from tests.unit.services.vision.pictures import coco, photograph

AHEAD = Pose(0, 0, 0)


def lids(opening: float) -> Points:
    """The edge of an eye 100 wide and ``100 * opening`` high."""
    lower = [(x, 50 * opening * np.sin(np.pi * x / 100)) for x in np.linspace(0, 100, 9)]
    upper = [(x, -50 * opening * np.sin(np.pi * x / 100)) for x in np.linspace(0, 100, 9)[1:-1]]
    return np.array(lower + upper, dtype=np.float32)


def iris(x: float, y: float, diameter: float = 40) -> Points:
    half = diameter / 2
    return np.array([(x, y), (x + half, y), (x, y - half), (x - half, y), (x, y + half)], dtype=np.float32)


def looking(x: float, y: float, opening: float = 0.35) -> Irises:
    """Irises that stand ``x`` and ``y`` beside the middle between the corners, in diameters."""
    one = iris(50 + 40 * x, 40 * y)
    return Irises(one, one, lids(opening), lids(opening))


@given(st.floats(0.02, 0.6))
def test_openness_is_height_over_width(opening: float) -> None:
    # Measured between a quarter and the middle, where the edge is at sin(3/8 pi) of its height.
    assert openness(lids(opening)) == pytest.approx(opening * np.sin(3 * np.pi / 8), rel=0.02)


def test_wide_eyes_are_open_and_narrow_ones_shut() -> None:
    wide, narrow = eyes_open(looking(0, 0, 0.35), AHEAD), eyes_open(looking(0, 0, 0.05), AHEAD)
    assert wide is not None and wide.value and wide.confidence > 95
    assert narrow is not None and not narrow.value and narrow.confidence > 95


def test_one_shut_eye_is_enough() -> None:
    both = looking(0, 0)
    wink = Irises(both.right, both.left, both.right_lids, lids(0.05))
    told = eyes_open(wink, AHEAD)
    assert told is not None and not told.value


def test_nothing_is_said_of_a_profile() -> None:
    assert eyes_open(looking(0, 0), Pose(0, 50, 0)) is None
    assert eye_direction(looking(0, 0), Pose(0, -50, 0), 1.0) is None


@given(st.floats(-40, 40), st.floats(-25, 25))
def test_the_direction_of_a_modelled_eye_is_found(yaw: float, pitch: float) -> None:
    across = np.sin(np.radians(yaw)) * np.cos(np.radians(pitch)) * EYEBALL
    up = np.sin(np.radians(pitch)) * EYEBALL
    told = eye_direction(looking(across, -up - CORNER_DROP), AHEAD, 1.0)
    assert told is not None
    assert told.yaw == pytest.approx(yaw, abs=0.1) and told.pitch == pytest.approx(pitch, abs=0.1)


def test_confidence_is_that_of_a_face_with_open_eyes() -> None:
    sure, unsure = eye_direction(looking(0, 0), AHEAD, 1.0), eye_direction(looking(0, 0), AHEAD, 0.6)
    shut = eye_direction(looking(0, 0, 0.05), AHEAD, 1.0)
    assert sure is not None and unsure is not None and shut is not None
    assert unsure.confidence == pytest.approx(0.6 * sure.confidence)
    assert sure.confidence > 95 and shut.confidence < 5


def test_photographs_of_people_whose_look_anybody_can_tell(load: Callable[[str], Any], shared_directory: Path) -> None:
    aside_left = portrait(shared_directory, "obama2.jpg")
    aside_right = photograph(shared_directory / "data" / "vision" / "google_vision" / "face-input.jpg")
    ahead = portrait(shared_directory, "biden.jpg")
    down = coco(shared_directory, 8690)

    def direction(picture: Picture) -> tuple[float, float, bool]:
        (faces,) = load("yunet-n").run([picture])
        face = min(faces, key=lambda each: each.box.left)
        (mesh,) = load("mediapipe-face-mesh").run([FacePicture(picture.pixels, face)])
        (irises,) = load("mediapipe-iris").run([EyePicture(picture.pixels, mesh)])
        told = eye_direction(irises, pose_of(mesh.points), mesh.presence)
        opened = eyes_open(irises, pose_of(mesh.points))
        assert told is not None and opened is not None
        return told.yaw, told.pitch, opened.value

    assert direction(aside_left)[0] < -12 and direction(aside_left)[1] > 5
    assert direction(aside_right)[0] > 12 and direction(aside_right)[1] < -5
    assert np.abs(direction(ahead)[:2]).max() < 6
    assert direction(down)[1] < -15
    assert [direction(each)[2] for each in (aside_left, aside_right, ahead, down)] == [True, True, True, False]
