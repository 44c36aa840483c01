"""MediaPipe's iris network (Ablavatski et al., "Real-time Pupil Tracking from Monocular Video for Digital Puppetry",
2020): the centre and the edge of each iris, and the edge of the lids.

It was made for one eye, the one on the left of the picture (the person's right); the other is shown to it mirrored.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.vision.engines.sessions import litert_interpreter
from services.vision.faces.alignment import cut, inverse, moved_points, square_transform
from services.vision.tasks import EyePicture, Irises, Points
from shared.models.catalog import CatalogEntry
from shared.tasks.reading import Pixels

SIDE = 64
IRIS_POINTS = 5
#: Points around the eye that the network gives, and how many of these, the first ones, are the edge of the lids.
CONTOUR_POINTS, LID_POINTS = 71, 16
#: Corners of the person's right and left eye in the mesh, from the left of the picture to the right.
RIGHT_EYE, LEFT_EYE = (33, 133), (362, 263)
#: Side of the square that is cut out, in widths of the eye.
GROWTH = 2.3


class IrisEngine:
    """Irises of faces."""

    def __init__(self, interpreter: Any) -> None:
        self._interpreter = interpreter
        self._input = interpreter.get_input_details()[0]["index"]
        outputs = {int(output["shape"][-1]): output["index"] for output in interpreter.get_output_details()}
        self._iris, self._contour = outputs[3 * IRIS_POINTS], outputs[3 * CONTOUR_POINTS]

    def run(self, items: Sequence[EyePicture]) -> Sequence[Irises]:
        """Both irises of each face."""
        return [self._both(item) for item in items]

    def close(self) -> None:
        """The interpreter frees its memory with the last reference."""
        del self._interpreter

    def _both(self, item: EyePicture) -> Irises:
        right, right_lids = self._locate(item.pixels, item.mesh.points[list(RIGHT_EYE), :2], mirrored=False)
        left, left_lids = self._locate(item.pixels, item.mesh.points[list(LEFT_EYE), :2], mirrored=True)
        return Irises(right, left, right_lids, left_lids)

    def _locate(self, pixels: Pixels, corners: Points, *, mirrored: bool) -> tuple[Points, Points]:
        """Iris (5, 2) and lids (16, 2) of the eye between ``corners`` (2, 2)."""
        across = corners[1] - corners[0]
        x, y = (float(value) for value in corners.mean(axis=0))
        side = float(np.hypot(*across)) * GROWTH
        matrix = square_transform((x, y), side, math.atan2(float(across[1]), float(across[0])), SIDE)
        square = cut(pixels, matrix, SIDE)
        if mirrored:
            square = square[:, ::-1]
        self._interpreter.set_tensor(self._input, square[None].astype(np.float32) / 255)
        self._interpreter.invoke()
        iris = self._interpreter.get_tensor(self._iris).reshape(IRIS_POINTS, 3)[:, :2]
        lids = self._interpreter.get_tensor(self._contour).reshape(CONTOUR_POINTS, 3)[:LID_POINTS, :2]
        points = np.concatenate([iris, lids])
        if mirrored:
            points[:, 0] = SIDE - points[:, 0]
        points = moved_points(points, inverse(matrix)).astype(np.float32)
        return points[:IRIS_POINTS], points[IRIS_POINTS:]


def load(entry: CatalogEntry, directory: Path, device: str) -> IrisEngine:
    """The network of ``directory``; it runs on the CPU whatever ``device`` says."""
    return IrisEngine(litert_interpreter(directory / entry.files[0].path, entry))
