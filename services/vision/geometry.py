"""Many boxes at once, as detectors give them: overlaps, and the suppression of the less sure."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt


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
