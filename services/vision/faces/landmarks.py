"""Rekognition's thirty facial landmarks, from the detector's points, the mesh and the irises.

Left and right are those of the picture, as in Rekognition's documented answers: ``eyeLeft`` is the eye on the left of
an upright picture, the person's right one. Without asking for all attributes, Rekognition gives the first five.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.vision.tasks import FacePoints, FoundFace, Irises

#: Names of the detector's five points, in its order.
DEFAULT_LANDMARKS = ("eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight")
#: The mesh's point for each of the others. The upper jawline lies at the height of the eyes, the middle one at the
#: mouth's.
MESH_LANDMARKS = {
    "leftEyeBrowLeft": 70,
    "leftEyeBrowRight": 107,
    "leftEyeBrowUp": 105,
    "rightEyeBrowLeft": 336,
    "rightEyeBrowRight": 300,
    "rightEyeBrowUp": 334,
    "leftEyeLeft": 33,
    "leftEyeRight": 133,
    "leftEyeUp": 159,
    "leftEyeDown": 145,
    "rightEyeLeft": 362,
    "rightEyeRight": 263,
    "rightEyeUp": 386,
    "rightEyeDown": 374,
    "noseLeft": 98,
    "noseRight": 327,
    "mouthUp": 0,
    "mouthDown": 17,
    "upperJawlineLeft": 127,
    "midJawlineLeft": 58,
    "chinBottom": 152,
    "midJawlineRight": 288,
    "upperJawlineRight": 356,
}
#: The lids are known better from the iris network: points of ``Irises.right_lids`` and ``left_lids``, outer corner
#: first.
_LEFT_LIDS = {"leftEyeLeft": 0, "leftEyeRight": 8, "leftEyeUp": 12, "leftEyeDown": 4}
_RIGHT_LIDS = {"rightEyeLeft": 8, "rightEyeRight": 0, "rightEyeUp": 12, "rightEyeDown": 4}


@dataclass(frozen=True, slots=True)
class Landmark:
    """A point of a face as ratios of the picture's width and height; it may lie over the edge."""

    type: str
    x: float
    y: float


def default_landmarks(face: FoundFace, size: tuple[int, int]) -> tuple[Landmark, ...]:
    """The five of the detector; ``size``: width and height of the picture that ``face`` is in."""
    return _ratios(dict(zip(DEFAULT_LANDMARKS, face.points, strict=True)), size)


def all_landmarks(
    face: FoundFace, mesh: FacePoints, irises: Irises, size: tuple[int, int], offset: Sequence[float] = (0.0, 0.0)
) -> tuple[Landmark, ...]:
    """All thirty. ``mesh`` and ``irises`` are in pixels of a crop whose upper left corner is at ``offset``."""
    points = {name: mesh.points[index, :2] for name, index in MESH_LANDMARKS.items()}
    points |= {name: irises.right_lids[index] for name, index in _LEFT_LIDS.items()}
    points |= {name: irises.left_lids[index] for name, index in _RIGHT_LIDS.items()}
    points |= {"leftPupil": irises.right[0], "rightPupil": irises.left[0]}
    moved = {name: point + np.asarray(offset, dtype=np.float32) for name, point in points.items()}
    return default_landmarks(face, size) + _ratios(moved, size)


def _ratios(points: dict[str, npt.NDArray[np.float32]], size: tuple[int, int]) -> tuple[Landmark, ...]:
    width, height = size
    return tuple(Landmark(name, float(x) / width, float(y) / height) for name, (x, y) in points.items())
