"""Finding lines of text with a differentiable-binarization network.

The network gives a probability for every pixel to lie in the shrunken core of a line. Here these cores become
rotated rectangles again (Liao et al., "Real-time Scene Text Detection with Differentiable Binarization", 2020,
section 3.5: threshold, contour, mean score, growth by area * ratio / perimeter).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from shared.tasks.reading import Pixels, Polygon

if TYPE_CHECKING:
    import onnxruntime

#: Input sides of the network are multiples of this.
STRIDE = 32


@dataclass(frozen=True, slots=True)
class DetectionSettings:
    """Thresholds of the post-processing, all 0..1 but the last three."""

    core_threshold: float = 0.3
    score_threshold: float = 0.5
    #: How far a core grows, in units of area / perimeter.
    growth: float = 1.6
    #: The longer side that the network sees at most, pixels. Bounds memory as well: about 25 bytes a pixel a layer.
    max_side: int = 1600
    max_lines: int = 3000


class Detector:
    """Lines of text in a picture, as rotated rectangles."""

    def __init__(self, session: onnxruntime.InferenceSession, settings: DetectionSettings) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name
        self._settings = settings

    def detect(self, pixels: Pixels, scale: float) -> tuple[list[Polygon], list[float]]:
        """Rectangles (corners in pixels of ``pixels``) and their mean probabilities; ``scale`` enlarges the input."""
        height, width = pixels.shape[:2]
        scale = min(scale, self._settings.max_side / max(height, width))
        target_width = max(STRIDE, round(width * scale / STRIDE) * STRIDE)
        target_height = max(STRIDE, round(height * scale / STRIDE) * STRIDE)
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        resized = cv2.resize(pixels, (target_width, target_height), interpolation=interpolation)
        # The network was trained on BGR in [-1, 1].
        network_input = resized[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 127.5 - 1.0
        probability = self._session.run(None, {self._input: np.ascontiguousarray(network_input)})[0][0, 0]
        return self._rectangles(probability, width / target_width, height / target_height)

    def _rectangles(
        self, probability: npt.NDArray[np.float32], scale_x: float, scale_y: float
    ) -> tuple[list[Polygon], list[float]]:
        settings = self._settings
        mask = (probability > settings.core_threshold).astype(np.uint8)
        mask = cv2.dilate(mask, np.ones((2, 2), np.uint8)).astype(np.uint8)
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        polygons: list[Polygon] = []
        scores: list[float] = []
        for contour in contours[: settings.max_lines]:
            center, (side_a, side_b), angle = cv2.minAreaRect(contour)
            if min(side_a, side_b) < 3:
                continue
            core = cv2.boxPoints((center, (side_a, side_b), angle)).astype(np.float32)
            score = _mean_inside(probability, core)
            if score < settings.score_threshold:
                continue
            distance = side_a * side_b * settings.growth / (2 * (side_a + side_b))
            grown = cv2.boxPoints((center, (side_a + 2 * distance, side_b + 2 * distance), angle)).astype(np.float32)
            polygons.append((_clockwise(grown) * np.array([scale_x, scale_y])).astype(np.float32))
            scores.append(score)
        return polygons, scores


def _mean_inside(probability: npt.NDArray[np.float32], corners: npt.NDArray[np.float32]) -> float:
    """Mean of ``probability`` inside a rectangle."""
    height, width = probability.shape
    left, top = np.floor(corners.min(axis=0)).astype(int).clip(0, (width - 1, height - 1))
    right, bottom = np.ceil(corners.max(axis=0)).astype(int).clip(0, (width - 1, height - 1))
    mask = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(mask, [(corners - (left, top)).astype(np.int32)], 1)
    return float(cv2.mean(probability[top : bottom + 1, left : right + 1], mask)[0])


def _clockwise(corners: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Corners from the upper left one on, clockwise."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left = by_x[:2][np.argsort(by_x[:2, 1], kind="stable")]
    right = by_x[2:][np.argsort(by_x[2:, 1], kind="stable")]
    return np.array([left[0], right[0], right[1], left[1]], dtype=np.float32)
