"""Upright rectangles in a picture or on a page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """Left, top, right, bottom in pixels, right and bottom outside; may reach over the picture's edge."""

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
    def center(self) -> tuple[float, float]:
        return self.center_x, self.center_y

    @property
    def area(self) -> float:
        return max(0.0, self.width) * max(0.0, self.height)

    def intersection(self, other: Box) -> float:
        """Area that both cover."""
        return max(0.0, self.overlap_x(other)) * max(0.0, self.overlap_y(other))

    def overlap(self, other: Box) -> float:
        """Intersection over union, 0..1."""
        shared = self.intersection(other)
        whole = self.area + other.area - shared
        return shared / whole if whole > 0 else 0.0

    def overlap_x(self, other: Box) -> float:
        """Length of the common part along x; negative = the gap between the two."""
        return min(self.right, other.right) - max(self.left, other.left)

    def overlap_y(self, other: Box) -> float:
        """Length of the common part along y; negative = the gap between the two."""
        return min(self.bottom, other.bottom) - max(self.top, other.top)

    def holds(self, other: Box, share: float = 0.5) -> bool:
        """Whether at least ``share`` of ``other``'s area lies inside."""
        return self.intersection(other) >= share * max(other.area, 1e-9)

    def moved(self, x: float, y: float) -> Box:
        return Box(self.left + x, self.top + y, self.right + x, self.bottom + y)

    def grown(self, by: float) -> Box:
        """With every side moved out by ``by`` pixels."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def scaled(self, factor: float) -> Box:
        """About its centre."""
        x, y = self.center
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


def union(boxes: Iterable[Box]) -> Box:
    """The smallest rectangle around ``boxes``; at least one is needed."""
    gathered = list(boxes)
    return Box(
        min(box.left for box in gathered),
        min(box.top for box in gathered),
        max(box.right for box in gathered),
        max(box.bottom for box in gathered),
    )
