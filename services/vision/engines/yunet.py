"""YuNet (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 2023).

Anchor-free: every cell of three maps (strides 8, 16 and 32) says whether a face is centred on it (class times
objectness), its box, and five points. Faces between about 10 and 300 pixels of the input are found best, so a picture
is looked at in several sizes and the answers are merged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime

from services.vision.engines.sessions import onnx_session
from services.vision.geometry import suppress
from services.vision.tasks import FoundFace
from shared.media.boxes import Box
from shared.models.catalog import CatalogEntry
from shared.tasks.reading import Picture, Pixels

STRIDES = (8, 16, 32)
#: Sides of the input are multiples of the greatest stride.
MULTIPLE = 32
#: Longer sides, in pixels, that a picture is reduced to: the small one for faces that fill it, the large one for those
#: in the distance. Measured on pictures made of the development data: of 27 faces that fill a picture of 1,200 pixels a
#: look at 640 alone finds 23 to 26, both together find all; of 77 faces in one of 3,840 pixels the large look finds 63,
#: one at 1280 47, and one at 2560 74 in twice the time.
SMALL_SIDE, LARGE_SIDE = 320, 1920
#: The small look is left out where it would be hardly smaller than the other.
LEAST_RATIO = 1.25
#: Pixels that the network looks at in one run at most, unless one picture has more: bounds its memory.
RUN_PIXELS = 1_000_000
#: Least score of a face, and the overlap (intersection over union) from which two boxes mean the same face.
MIN_SCORE = 0.7
MAX_OVERLAP = 0.3
#: Share of a face's area within a larger and surer face from which it is taken for a part of that one: the large look
#: sees faces in the eyes and noses of a portrait.
MOST_WITHIN = 0.7
#: Cells with a greater score looked at most, of one picture and size.
MOST_CELLS = 5000

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Cells:
    """What the network says of the cells that pass: boxes (n, 4: left, top, right, bottom), scores (n,) 0..1 and points
    (n, 5, 2), in pixels of the input or of the picture."""

    boxes: Array
    scores: Array
    points: Array

    def scaled(self, x: float, y: float) -> Cells:
        factors = np.array([x, y], dtype=np.float32)
        return Cells(self.boxes * np.tile(factors, 2), self.scores, self.points * factors)


def decode(maps: dict[str, Array], width: int, height: int, min_score: float) -> Cells:
    """The cells of one input of ``width`` x ``height`` whose score is at least ``min_score``.

    ``maps``: the outputs without their batch dimension: "cls_8" (cells, 1), "obj_8", "bbox_8" (cells, 4), "kps_8"
    (cells, 10), and so on for each stride; cells go row by row.
    """
    parts: list[tuple[Array, Array, Array]] = []
    for stride in STRIDES:
        # The root makes the product of two probabilities comparable to one of them.
        scores = np.sqrt(
            maps[f"cls_{stride}"][:, 0].clip(0, 1) * maps[f"obj_{stride}"][:, 0].clip(0, 1), dtype=np.float32
        )
        passing = np.flatnonzero(scores >= min_score)
        if passing.size > MOST_CELLS:
            passing = passing[np.argsort(-scores[passing], kind="stable")[:MOST_CELLS]]
        rows, columns = np.divmod(passing, width // stride)
        corners = np.stack([columns, rows], axis=1).astype(np.float32)
        offsets = maps[f"bbox_{stride}"][passing]
        centres = (corners + offsets[:, :2]) * stride
        sizes = np.exp(offsets[:, 2:].clip(max=10)) * stride
        boxes = np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)
        points = (maps[f"kps_{stride}"][passing].reshape(-1, 5, 2) + corners[:, None]) * stride
        parts.append((boxes, scores[passing], points))
    return Cells(*(np.concatenate(column).astype(np.float32) for column in zip(*parts, strict=True)))


def input_sizes(width: int, height: int) -> list[tuple[int, int]]:
    """(width, height) of each input of a picture, multiples of 32. Nothing is enlarged: that shows no further face."""
    longer = max(width, height)
    sides = [SMALL_SIDE] if longer > SMALL_SIDE * LEAST_RATIO else []
    return [
        (
            max(MULTIPLE, round(width * side / longer / MULTIPLE) * MULTIPLE),
            max(MULTIPLE, round(height * side / longer / MULTIPLE) * MULTIPLE),
        )
        for side in (*sides, min(longer, LARGE_SIDE))
    ]


class YunetEngine:
    """Finds faces; takes pictures of any size."""

    def __init__(self, session: onnxruntime.InferenceSession, min_score: float = MIN_SCORE) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name
        self._outputs = [output.name for output in session.get_outputs()]
        self._min_score = min_score

    def run(self, items: Sequence[Picture]) -> Sequence[Sequence[FoundFace]]:
        """The faces of each picture, largest first."""
        inputs: dict[tuple[int, int], list[int]] = {}
        for index, item in enumerate(items):
            height, width = item.pixels.shape[:2]
            for size in input_sizes(width, height):
                inputs.setdefault(size, []).append(index)
        found: list[list[Cells]] = [[] for _ in items]
        for size, indexes in inputs.items():
            most = max(1, RUN_PIXELS // (size[0] * size[1]))
            for start in range(0, len(indexes), most):
                chunk = indexes[start : start + most]
                for index, cells in zip(chunk, self._look([items[i].pixels for i in chunk], size), strict=True):
                    found[index].append(cells)
        return [_faces(cells) for cells in found]

    def close(self) -> None:
        """The session frees its memory with the last reference."""
        del self._session

    def _look(self, pictures: Sequence[Pixels], size: tuple[int, int]) -> list[Cells]:
        """The cells of each picture, reduced to ``size``, in pixels of the picture."""
        width, height = size
        batch = np.empty((len(pictures), 3, height, width), dtype=np.float32)
        for row, pixels in zip(batch, pictures, strict=True):
            smaller = pixels.shape[0] > height or pixels.shape[1] > width
            resized = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
            row[...] = resized[:, :, ::-1].transpose(2, 0, 1)  # the network knows BGR, 0..255
        outputs = dict(zip(self._outputs, self._session.run(self._outputs, {self._input: batch}), strict=True))
        cells = [
            decode({name: values[row] for name, values in outputs.items()}, width, height, self._min_score)
            for row in range(len(pictures))
        ]
        return [
            one.scaled(pixels.shape[1] / width, pixels.shape[0] / height)
            for one, pixels in zip(cells, pictures, strict=True)
        ]


def _faces(looks: Sequence[Cells]) -> list[FoundFace]:
    boxes = np.concatenate([cells.boxes for cells in looks])
    scores = np.concatenate([cells.scores for cells in looks])
    points = np.concatenate([cells.points for cells in looks])
    faces = [
        FoundFace(Box(*(float(edge) for edge in boxes[index])), float(scores[index]), points[index])
        for index in suppress(boxes, scores, MAX_OVERLAP)
    ]
    faces.sort(key=lambda face: -face.box.area)
    return whole_faces(faces)


def whole_faces(faces: Sequence[FoundFace]) -> list[FoundFace]:
    """Those of ``faces`` (largest first) that do not lie within a larger and surer one of them."""
    kept: list[FoundFace] = []
    for face in faces:
        if not any(other.score > face.score and _within(face.box, other.box) > MOST_WITHIN for other in kept):
            kept.append(face)
    return kept


def _within(box: Box, other: Box) -> float:
    """Share of ``box`` that lies in ``other``, 0..1."""
    width = min(box.right, other.right) - max(box.left, other.left)
    height = min(box.bottom, other.bottom) - max(box.top, other.top)
    return max(0.0, width) * max(0.0, height) / max(box.area, 1e-6)


def load(entry: CatalogEntry, directory: Path, device: str) -> YunetEngine:
    """The network of ``directory`` on "cpu" or "cuda:N"."""
    session = onnx_session(directory / entry.files[0].path, entry, device)
    return YunetEngine(session, float(entry.options.get("min_score", MIN_SCORE)))  # type: ignore[arg-type]
