"""MediaPipe's face mesh (Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs",
2019): 468 points of a face.

The network wants the face upright in a square with a quarter of margin on each side. The eyes of the detector say how
far the face is turned, its box where it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from services.vision.engines.sessions import litert_interpreter
from services.vision.faces.alignment import cut, inverse, moved_points, scale_of, square_transform
from services.vision.tasks import FacePicture, FacePoints, FoundFace
from shared.models.catalog import CatalogEntry

SIDE = 192
POINTS = 468
#: Side of the square that is cut out, and how far its centre lies below the box's, both in longer sides of the
#: detector's box. Measured on 28 faces: with these the square differs least from the one that the mesh itself asks for
#: (one and a half times its own extent); the points then move by 2 % of the distance between the eyes.
GROWTH, DROP = 1.3, 0.05


def upright_square(face: FoundFace) -> npt.NDArray[np.float64]:
    """The transform (see ``alignment``) from the picture to the network's square."""
    right_eye, left_eye = face.points[0], face.points[1]
    angle = math.atan2(float(left_eye[1] - right_eye[1]), float(left_eye[0] - right_eye[0]))
    side = max(face.box.width, face.box.height)
    x, y = face.box.center
    centre = (x - math.sin(angle) * DROP * side, y + math.cos(angle) * DROP * side)
    return square_transform(centre, side * GROWTH, angle, SIDE)


class FaceMeshEngine:
    """Meshes of faces."""

    def __init__(self, interpreter: Any) -> None:
        self._interpreter = interpreter
        self._input = interpreter.get_input_details()[0]["index"]
        outputs = sorted(interpreter.get_output_details(), key=lambda output: -int(np.prod(output["shape"])))
        self._points, self._presence = (output["index"] for output in outputs)

    def run(self, items: Sequence[FacePicture]) -> Sequence[FacePoints]:
        """The mesh of each face."""
        return [self._locate(item) for item in items]

    def close(self) -> None:
        """The interpreter frees its memory with the last reference."""
        del self._interpreter

    def _locate(self, item: FacePicture) -> FacePoints:
        matrix = upright_square(item.face)
        square = cut(item.pixels, matrix, SIDE)
        self._interpreter.set_tensor(self._input, square[None].astype(np.float32) / 255)
        self._interpreter.invoke()
        points = self._interpreter.get_tensor(self._points).reshape(POINTS, 3)
        logit = float(self._interpreter.get_tensor(self._presence).reshape(-1)[0])
        flat = moved_points(points[:, :2], inverse(matrix))
        depth = points[:, 2] / scale_of(matrix)
        return FacePoints(np.column_stack([flat, depth]).astype(np.float32), 1 / (1 + math.exp(-max(-60.0, logit))))


def load(entry: CatalogEntry, directory: Path, device: str) -> FaceMeshEngine:
    """The network of ``directory``; it runs on the CPU whatever ``device`` says."""
    return FaceMeshEngine(litert_interpreter(directory / entry.files[0].path, entry))
