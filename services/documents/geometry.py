"""The way back from the boxes of an upright sheet to the page as it was sent."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from shared.media.boxes import Box


def corners(box: Box) -> npt.NDArray[np.float64]:
    """Shape (4, 2), clockwise from the upper left."""
    return np.array(
        [[box.left, box.top], [box.right, box.top], [box.right, box.bottom], [box.left, box.bottom]], dtype=np.float64
    )


def transform(matrix: npt.NDArray[np.float64], points: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Points of shape (n, 2) under a 3 x 3 affine matrix."""
    result: npt.NDArray[np.float64] = points.astype(np.float64) @ matrix[:2, :2].T + matrix[:2, 2]
    return result
