"""Upright rectangles in pixels, and the way back from them to the page as it was sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in pixels of an upright sheet; right and bottom lie outside."""

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
    def center_x(self) -> float:
        return (self.left + self.right) / 2

    @property
    def center_y(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def area(self) -> float:
        return max(0.0, self.width) * max(0.0, self.height)

    def intersection(self, other: Box) -> float:
        """Area that both cover."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0.0, width) * max(0.0, height)

    def holds(self, other: Box, share: float = 0.5) -> bool:
        """Whether at least ``share`` of ``other``'s area lies inside."""
        return self.intersection(other) >= share * max(other.area, 1e-9)

    def overlap_x(self, other: Box) -> float:
        """Length of the common part along x; negative = the gap between the two."""
        return min(self.right, other.right) - max(self.left, other.left)

    def overlap_y(self, other: Box) -> float:
        """Length of the common part along y; negative = the gap between the two."""
        return min(self.bottom, other.bottom) - max(self.top, other.top)

    def grown(self, by: float) -> Box:
        """The rectangle with every side moved out by ``by`` pixels."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)


def union(boxes: Iterable[Box]) -> Box:
    """The smallest rectangle around ``boxes``; at least one is needed."""
    gathered = list(boxes)
    return Box(
        min(box.left for box in gathered),
        min(box.top for box in gathered),
        max(box.right for box in gathered),
        max(box.bottom for box in gathered),
    )


def corners(box: Box) -> npt.NDArray[np.float64]:
    """Shape (4, 2), clockwise from the upper left."""
    return np.array(
        [[box.left, box.top], [box.right, box.top], [box.right, box.bottom], [box.left, box.bottom]], dtype=np.float64
    )


def transform(matrix: npt.NDArray[np.float64], points: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Points of shape (n, 2) under a 3 x 3 affine matrix."""
    result: npt.NDArray[np.float64] = points.astype(np.float64) @ matrix[:2, :2].T + matrix[:2, 2]
    return result
