"""What an OCR engine takes and gives. It knows of pictures and lines, nothing of documents or blocks.

The task is called ``recognize-text``. Any service that reads pictures can use its engines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

#: Polygons are float32 arrays of shape (4, 2): x, y in pixels of the picture, clockwise from the corner where the
#: text begins (upper left corner of upright text).
Polygon = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Picture:
    """One upright-or-not raster image: uint8 of shape (height, width, 3), RGB."""

    pixels: Pixels


@dataclass(frozen=True, slots=True)
class Word:
    """A run of characters without a blank. ``confidence`` is a probability, 0..1."""

    text: str
    confidence: float
    polygon: Polygon


@dataclass(frozen=True, slots=True)
class Line:
    """Words that stand beside one another, in reading order; never empty."""

    words: tuple[Word, ...]
    polygon: Polygon

    @property
    def text(self) -> str:
        """The words with a blank between them."""
        return " ".join(word.text for word in self.words)

    @property
    def confidence(self) -> float:
        """Mean of the words' confidences, 0..1."""
        return sum(word.confidence for word in self.words) / len(self.words)


@dataclass(frozen=True, slots=True)
class Reading:
    """All lines of one picture, from top to bottom and left to right of the *upright* page."""

    lines: tuple[Line, ...]
    #: By how many degrees clockwise the content is turned in the picture: 0, 90, 180 or 270.
    rotation: int = 0
    warnings: tuple[str, ...] = field(default=())


def bounds(polygons: Sequence[Polygon]) -> tuple[float, float, float, float]:
    """The upright rectangle (left, top, right, bottom) around ``polygons``; at least one is needed."""
    points = np.concatenate(list(polygons))
    left, top = points.min(axis=0)
    right, bottom = points.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def enclosing(polygons: Sequence[Polygon]) -> Polygon:
    """A rectangle around ``polygons`` that lies along the direction of the first one's upper edge."""
    points = np.concatenate(list(polygons)).astype(np.float64)
    first = polygons[0].astype(np.float64)
    along = first[1] - first[0]
    length = float(np.hypot(*along))
    along = along / length if length > 1e-6 else np.array([1.0, 0.0])
    across = np.array([-along[1], along[0]])
    u, v = points @ along, points @ across
    corners = [(u.min(), v.min()), (u.max(), v.min()), (u.max(), v.max()), (u.min(), v.max())]
    return np.array([a * along + b * across for a, b in corners], dtype=np.float32)
