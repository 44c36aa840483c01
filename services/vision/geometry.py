"""Rectangles in a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Box:
    """Left, top, right, bottom in pixels; may reach over the picture's edge."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def area(self) -> float:
        return max(0.0, self.width) * max(0.0, self.height)

    @property
    def centre(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def moved(self, x: float, y: float) -> Box:
        return Box(self.left + x, self.top + y, self.right + x, self.bottom + y)

    def scaled(self, factor: float) -> Box:
        """About its centre."""
        x, y = self.centre
        half_width, half_height = self.width * factor / 2, self.height * factor / 2
        return Box(x - half_width, y - half_height, x + half_width, y + half_height)

    def clipped(self, width: float, height: float) -> Box:
        """As far as it lies within a picture of that size."""
        return Box(
            min(max(self.left, 0.0), width),
            min(max(self.top, 0.0), height),
            min(max(self.right, 0.0), width),
            min(max(self.bottom, 0.0), height),
        )

    def overlap(self, other: Box) -> float:
        """Intersection over union, 0..1."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        shared = max(0.0, width) * max(0.0, height)
        whole = self.area + other.area - shared
        return shared / whole if whole > 0 else 0.0


def overlaps(boxes: npt.NDArray[np.float32], box: Sequence[float] | npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Intersection over union of each of ``boxes`` (n, 4: left, top, right, bottom) with ``box``."""
    corner = np.minimum(boxes[:, 2:], np.asarray(box)[2:]) - np.maximum(boxes[:, :2], np.asarray(box)[:2])
    shared = corner.clip(min=0).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).clip(min=0).prod(axis=1)
    own = max(0.0, float(box[2] - box[0])) * max(0.0, float(box[3] - box[1]))
    union = areas + own - shared
    result: npt.NDArray[np.float32] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return result


def suppress(boxes: npt.NDArray[np.float32], scores: npt.NDArray[np.float32], limit: float) -> list[int]:
    """Greedy non-maximum suppression: indexes of the boxes that stay, surest first.

    A box goes when its intersection over union with a surer one that stays is more than ``limit``.
    """
    order = np.argsort(-scores, kind="stable")
    corners = boxes[order].astype(np.float64)
    sides = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
    # OpenCV wants scores above its threshold; only their order counts.
    ranks = np.arange(len(order), 0, -1, dtype=np.float64)
    kept = cv2.dnn.NMSBoxes(sides.tolist(), ranks.tolist(), 0.0, limit)
    return [int(order[at]) for at in np.asarray(kept, dtype=np.int64).ravel()]
