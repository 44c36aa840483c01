"""Similarity transforms between a picture and the square in which a network wants to see a face.

A transform is a float64 matrix of shape (2, 3): ``target = matrix[:, :2] @ source + matrix[:, 2]``.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from shared.tasks.reading import Pixels

Matrix = npt.NDArray[np.float64]

#: Where the points of an upright face lie on average, as shares of the face's square: right eye, left eye, nose tip,
#: right and left corner of the mouth. Means over the eye contours and mouth corners of dlib's mean shape (68 points,
#: fitted to iBUG 300-W): the square reaches from brow to below the lips.
MEAN_FACE = np.array(
    [[0.2255, 0.2160], [0.7548, 0.2160], [0.4901, 0.5156], [0.2541, 0.7802], [0.7261, 0.7802]], dtype=np.float64
)


def similarity_transform(source: npt.ArrayLike, target: npt.ArrayLike) -> Matrix:
    """The rotation, scale and shift that brings ``source`` (n, 2) nearest to ``target`` (n, 2), least squares.

    Closed form of Umeyama, "Least-squares estimation of transformation parameters between two point patterns", 1991,
    in the plane; without reflection. Points that all coincide cannot say a scale: they are only shifted.
    """
    a, b = np.asarray(source, dtype=np.float64), np.asarray(target, dtype=np.float64)
    mean_a, mean_b = a.mean(axis=0), b.mean(axis=0)
    x, y = (a - mean_a).T
    u, v = (b - mean_b).T
    spread = float((x * x + y * y).sum())
    if spread < 1e-12:
        cosine, sine = 1.0, 0.0
    else:
        cosine, sine = float((x * u + y * v).sum()) / spread, float((x * v - y * u).sum()) / spread
    linear = np.array([[cosine, -sine], [sine, cosine]])
    return np.column_stack([linear, mean_b - linear @ mean_a])


def scale_of(matrix: Matrix) -> float:
    """By how much a transform enlarges lengths."""
    return float(np.hypot(matrix[0, 0], matrix[1, 0]))


def inverse(matrix: Matrix) -> Matrix:
    """The way back. Raises ``numpy.linalg.LinAlgError`` for a transform that shrinks all to a point."""
    linear = np.linalg.inv(matrix[:, :2])
    return np.column_stack([linear, -linear @ matrix[:, 2]])


def moved_points(points: npt.ArrayLike, matrix: Matrix) -> npt.NDArray[np.float64]:
    """``points`` (n, 2) through a transform."""
    return np.asarray(np.asarray(points, dtype=np.float64) @ matrix[:, :2].T + matrix[:, 2])


def chip_transform(points: npt.ArrayLike, side: int, padding: float) -> Matrix:
    """The transform that puts a face's five points (5, 2) into a square chip of ``side`` pixels.

    ``padding``: room around the face's own square, as a share of it on each side.
    """
    return similarity_transform(points, (MEAN_FACE + padding) / (1 + 2 * padding) * side)


def square_transform(centre: tuple[float, float], side: float, angle: float, size: int) -> Matrix:
    """Cuts a square of ``side`` pixels about ``centre``, turned by ``angle`` (radians, clockwise in the picture), and
    gives it ``size`` pixels a side."""
    scale = size / max(side, 1e-6)
    cosine, sine = np.cos(angle) * scale, np.sin(angle) * scale
    linear = np.array([[cosine, sine], [-sine, cosine]])
    return np.column_stack([linear, size / 2 - linear @ np.asarray(centre, dtype=np.float64)])


def cut(pixels: Pixels, matrix: Matrix, size: int, *, edge: bool = False) -> Pixels:
    """What of ``pixels`` lies in the target square, (size, size, 3). Where the picture ends it is black, or, with
    ``edge``, as the nearest pixel.

    A picture that shrinks to less than half is reduced by averaging first, so that fine patterns do not alias.
    """
    scale = scale_of(matrix)
    if scale < 0.5:
        region = moved_points([[0, 0], [size, 0], [0, size], [size, size]], inverse(matrix))
        height, width = pixels.shape[:2]
        left, top = (np.floor(region.min(axis=0)).astype(int) - 2).clip(0, (width - 1, height - 1))
        right, bottom = (np.ceil(region.max(axis=0)).astype(int) + 2).clip(1, (width, height))
        right, bottom = max(right, left + 1), max(bottom, top + 1)
        part = pixels[top:bottom, left:right]
        reduced_width, reduced_height = (max(1, round(length * scale)) for length in (right - left, bottom - top))
        factors = np.array([(right - left) / reduced_width, (bottom - top) / reduced_height])
        pixels = np.asarray(cv2.resize(part, (reduced_width, reduced_height), interpolation=cv2.INTER_AREA), np.uint8)
        # Pixel centres lie at halves: without the half, each reduction would shift the picture.
        shift = matrix[:, :2] @ (np.array([left, top]) + factors / 2 - 0.5) + matrix[:, 2]
        matrix = np.column_stack([matrix[:, :2] * factors, shift])
    border = cv2.BORDER_REPLICATE if edge else cv2.BORDER_CONSTANT
    return np.asarray(cv2.warpAffine(pixels, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=border), np.uint8)
