"""From what a detector's network says of every place in a picture to the objects that are there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from services.vision.engines.coco import NAMES
from services.vision.geometry import suppress
from services.vision.tasks import FoundObject
from shared.media.boxes import Box

#: Least score of an object (0..1), and how many a picture has at most: as COCO's own evaluation counts them.
FLOOR = 0.02
MOST_OBJECTS = 100
#: Candidates that are looked at, at most, the surest first.
MOST_CANDIDATES = 400

Array = npt.NDArray[np.float32]


def likely(scores: Array, floor: float = FLOOR) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Places and classes of the surest candidates, surest first. ``scores`` has shape (places, classes), 0..1."""
    promising = np.flatnonzero(scores.max(axis=1, initial=0.0) >= floor)
    rows, classes = np.nonzero(scores[promising] >= floor)
    places = promising[rows]
    order = np.argsort(-scores[places, classes], kind="stable")[:MOST_CANDIDATES]
    return places[order], classes[order]


def found_objects(
    boxes: Array, scores: Array, classes: npt.NDArray[np.intp], overlap: float, width: int, height: int
) -> list[FoundObject]:
    """The objects that stay after non-maximum suppression within each class, surest first.

    ``boxes`` (n, 4) are in pixels of a picture of that size; ``overlap`` is the greatest intersection over union that
    two objects of one class may have.
    """
    # Classes moved apart by more than any box reaches do not suppress one another.
    reach = float(np.abs(boxes).max(initial=0.0)) * 2 + 1
    apart = boxes + (classes[:, None] * reach).astype(np.float32)
    kept = suppress(apart, scores, overlap)[:MOST_OBJECTS]
    return [
        FoundObject(NAMES[classes[i]], float(scores[i]), Box(*map(float, boxes[i])).clipped(width, height))
        for i in kept
    ]
