from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from services.vision.engines.face_mesh import POINTS
from services.vision.faces.alignment import moved_points
from services.vision.tasks import FacePicture, FoundFace
from shared.media.boxes import Box
from tests.unit.services.vision.faces.pictures import OBAMA, mirrored, portrait

#: The mesh's points at the detector's five: nose tip and mouth corners are one point each, the eyes lie between two.
EYES, NOSE, MOUTH = ((33, 133), (362, 263)), 4, (61, 291)


def test_the_mesh_lies_on_the_face(load: Callable[[str], Any], shared_directory: Path) -> None:
    pixels = portrait(shared_directory, "obama.jpg").pixels
    (mesh,) = load("mediapipe-face-mesh").run([FacePicture(pixels, OBAMA)])
    assert mesh.points.shape == (POINTS, 3) and mesh.presence > 0.99
    between_eyes = OBAMA.points[1, 0] - OBAMA.points[0, 0]
    five = np.array([*(mesh.points[list(eye), :2].mean(axis=0) for eye in EYES), *mesh.points[[NOSE, *MOUTH], :2]])
    assert np.abs(five - OBAMA.points).max() < 0.15 * between_eyes
    # The nose is nearer to the camera than the temples.
    assert mesh.points[NOSE, 2] < mesh.points[[127, 356], 2].min() - 0.5 * between_eyes


def test_a_turned_picture_gives_the_turned_mesh(load: Callable[[str], Any], shared_directory: Path) -> None:
    engine, pixels = load("mediapipe-face-mesh"), portrait(shared_directory, "obama.jpg").pixels
    matrix = np.asarray(cv2.getRotationMatrix2D(OBAMA.box.center, 40, 1.0), np.float64)
    turned = np.asarray(cv2.warpAffine(pixels, matrix, (pixels.shape[1], pixels.shape[0])), np.uint8)
    points = moved_points(OBAMA.points, matrix).astype(np.float32)
    straight, leaning = engine.run([FacePicture(pixels, OBAMA), FacePicture(turned, FoundFace(OBAMA.box, 1.0, points))])
    difference = np.abs(moved_points(straight.points[:, :2], matrix) - leaning.points[:, :2])
    assert difference.mean() < 4  # pixels, of 228 that the face is wide


def test_a_mirrored_picture_gives_the_mirrored_mesh(load: Callable[[str], Any], shared_directory: Path) -> None:
    engine, pixels = load("mediapipe-face-mesh"), portrait(shared_directory, "obama.jpg").pixels
    one, other = engine.run([FacePicture(pixels, OBAMA), mirrored(pixels, OBAMA)])
    right_eye = one.points[[33, 133], 0]
    assert np.abs(pixels.shape[1] - other.points[[263, 362], 0] - right_eye).max() < 8


def test_there_is_no_face_in_a_plain_picture(load: Callable[[str], Any]) -> None:
    face = FoundFace(Box(50, 50, 150, 170), 1.0, OBAMA.points / 4)
    (mesh,) = load("mediapipe-face-mesh").run([FacePicture(np.full((200, 200, 3), 128, np.uint8), face)])
    assert mesh.presence < 0.1
