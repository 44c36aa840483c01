"""Pictures with faces from the development data, and faces made of nothing but numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from services.vision.faces.pose import ANCHORS, AVERAGE_FACE, Pose, rotation_of
from services.vision.tasks import FacePicture, FoundFace, Points
from shared.media.boxes import Box
from shared.tasks.reading import Picture, Pixels
from tests.unit.services.vision.pictures import photograph


def portrait(shared: Path, name: str) -> Picture:
    """A picture of somebody well known, "obama.jpg"."""
    return photograph(shared / "data" / "vision" / "faces_ageitgey" / name)


#: The face in the portrait "obama.jpg".
OBAMA = FoundFace(
    Box(377, 80, 605, 427),
    1.0,
    np.array([[445, 213], [557, 212], [508, 279], [446, 321], [558, 321]], dtype=np.float32),
)


def mirrored(pixels: Pixels, face: FoundFace) -> FacePicture:
    """A face as in a mirror, and the detector's points in the order of the mirrored face."""
    width = pixels.shape[1]
    points = face.points[[1, 0, 2, 4, 3]] * np.array([-1, 1], np.float32) + np.array([width, 0], np.float32)
    box = Box(width - face.box.right, face.box.top, width - face.box.left, face.box.bottom)
    return FacePicture(np.ascontiguousarray(pixels[:, ::-1]), FoundFace(box, face.score, points))


def posed_mesh(pose: Pose, scale: float = 100.0) -> Points:
    """A mesh whose rigid points are the average face's, turned; all others are 0."""
    mesh = np.zeros((468, 3), dtype=np.float32)
    mesh[list(ANCHORS)] = AVERAGE_FACE @ rotation_of(pose).T * scale + 500
    return mesh
