"""How a face is turned, from a rigid fit of its mesh to an average face.

Angles are degrees with Rekognition's signs, as its documented example answers have them: roll is positive where the
face leans clockwise in the picture, yaw where it looks to the right of the picture, pitch where it looks up.

The average face is our own: the mean, after a Procrustes fit, of the meshes of 28 faces of the development data and of
their mirror images, in units of the distance between the outer corners of the eyes; x to the right, y down, z away from
the camera. Its upright is the line from the top of the forehead to the chin. ``bench/quality/faces.py --average`` makes
it again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.vision.tasks import Points

Array = npt.NDArray[np.float64]

#: Points of the mesh that hardly move with the expression: on the middle of the face, then pairs (the person's right
#: one, the left one).
MIDDLE = (10, 168, 6, 197, 195, 5, 4, 2)
PAIRS = ((67, 297), (54, 284), (127, 356), (234, 454), (33, 263), (133, 362), (98, 327))
ANCHORS = (*MIDDLE, *(point for pair in PAIRS for point in pair))
_MIDDLE_SHAPE = (
    (-0.502, 0.109),
    (0.0, 0.0),
    (0.076, -0.058),
    (0.145, -0.122),
    (0.208, -0.190),
    (0.275, -0.261),
    (0.360, -0.299),
    (0.516, -0.119),
)
_LEFT_SHAPE = (
    (0.384, -0.457, 0.197),
    (0.656, -0.271, 0.440),
    (0.769, 0.173, 0.773),
    (0.760, 0.328, 0.805),
    (0.500, 0.072, 0.241),
    (0.194, 0.080, 0.177),
    (0.199, 0.496, -0.026),
)
#: The average face at ``ANCHORS``, shape (22, 3).
AVERAGE_FACE: Array = np.array(
    [(0.0, y, z) for y, z in _MIDDLE_SHAPE] + [(side * x, y, z) for x, y, z in _LEFT_SHAPE for side in (-1, 1)],
    dtype=np.float64,
)
#: The average face at the detector's five points (see ``FoundFace``), which lie a little lower than the mesh's.
AVERAGE_POINTS: Array = np.array(
    [(-0.342, 0.05, 0.208), (0.342, 0.05, 0.208), (0.0, 0.394, -0.298), (-0.3, 0.754, 0.123), (0.3, 0.754, 0.123)],
    dtype=np.float64,
)


@dataclass(frozen=True, slots=True)
class Pose:
    """Degrees, -180..180; see the module for the signs."""

    roll: float
    yaw: float
    pitch: float


def rigid_fit(source: Array, target: Array) -> tuple[Array, float, Array]:
    """(rotation, scale, shift) with ``target`` nearest to ``scale * source @ rotation.T + shift``, least squares.

    Both are (n, 3). Umeyama, "Least-squares estimation of transformation parameters between two point patterns", 1991.
    """
    mean_source, mean_target = source.mean(axis=0), target.mean(axis=0)
    covariance = (target - mean_target).T @ (source - mean_source)
    left, strengths, right = np.linalg.svd(covariance)
    signs = np.array([1.0, 1.0, math.copysign(1.0, np.linalg.det(left @ right))])
    rotation = (left * signs) @ right
    spread = float(((source - mean_source) ** 2).sum())
    scale = float((strengths * signs).sum()) / spread if spread > 1e-12 else 1.0
    return rotation, scale, mean_target - scale * rotation @ mean_source


def angles_of(rotation: Array) -> Pose:
    """The pose that turns an upright face looking into the camera by ``rotation`` (3, 3)."""
    forward, across = rotation @ (0.0, 0.0, -1.0), rotation @ (1.0, 0.0, 0.0)
    yaw = math.atan2(forward[0], -forward[2])
    pitch = math.asin(max(-1.0, min(1.0, -forward[1])))
    # What an eye line without roll would be for this direction, and the one that is down from it.
    level = np.array([math.cos(yaw), 0.0, math.sin(yaw)])
    down = np.cross(level, forward)
    roll = math.atan2(float(across @ down), float(across @ level))
    return Pose(math.degrees(roll), math.degrees(yaw), math.degrees(pitch))


def rotation_of(pose: Pose) -> Array:
    """The inverse of ``angles_of``."""
    roll, yaw, pitch = (math.radians(angle) for angle in (pose.roll, pose.yaw, pose.pitch))
    about_z = np.array([[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, math.cos(pitch), math.sin(pitch)], [0, -math.sin(pitch), math.cos(pitch)]])
    about_y = np.array([[math.cos(yaw), 0, -math.sin(yaw)], [0, 1, 0], [math.sin(yaw), 0, math.cos(yaw)]])
    return np.asarray(about_y @ about_x @ about_z)


def pose_of(mesh: Points) -> Pose:
    """The pose of a mesh (468, 3)."""
    rotation, _, _ = rigid_fit(AVERAGE_FACE, mesh[list(ANCHORS)].astype(np.float64))
    return angles_of(rotation)


def pose_of_points(points: Points) -> Pose:
    """The pose of a detector's five points (5, 2), for faces in which the mesh finds none, as those in profile.

    A parallel projection of the average face, least squares, brought to the nearest rotation. On faces with a mesh it
    differs from that one's pose by 3, 5 and 8 degrees of roll, yaw and pitch on average.
    """
    shape = AVERAGE_POINTS - AVERAGE_POINTS.mean(axis=0)
    flat = points.astype(np.float64) - points.mean(axis=0)
    projection = np.linalg.lstsq(shape, flat, rcond=None)[0].T
    left, _, right = np.linalg.svd(projection, full_matrices=False)
    across, down = left @ right
    return angles_of(np.stack([across, down, np.cross(across, down)]))
