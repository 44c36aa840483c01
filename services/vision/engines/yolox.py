"""YOLOX (Ge et al., arXiv 2107.08430) on ONNX Runtime: the same 80 kinds of things as PicoDet.

For every cell of three grids the network gives the box's centre as an offset from the cell, in cells, its size as a
logarithm, in cells, the probability that there is an object, and that of each class given one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from services.vision.engines.candidates import Array, found_objects, likely
from services.vision.engines.coco import NAMES
from services.vision.engines.sessions import onnx_session
from services.vision.tasks import FoundObject
from shared.models.catalog import CatalogEntry
from shared.tasks.reading import Picture, Pixels

#: Side of the square input, pixels, and of the cells of the three grids.
SIDE = 416
STRIDES = (8, 16, 32)
OVERLAP = 0.65
#: Grey (0..255) of the part of the square that the picture does not fill.
PADDING = 114


class YoloxEngine:
    """Pictures in, objects out; the export takes one picture at a time."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name
        self._corners, self._sides = cells(SIDE, STRIDES)

    def run(self, items: Sequence[Picture]) -> Sequence[Sequence[FoundObject]]:
        """The objects of each picture, surest first."""
        return [self._detect(item.pixels) for item in items]

    def close(self) -> None:
        """The session frees its memory with the last reference."""
        del self._session

    def _detect(self, pixels: Pixels) -> list[FoundObject]:
        values, scale = network_input(pixels)
        output = self._session.run(None, {self._input: values})[0][0]
        scores = output[:, 5:] * output[:, 4:5]
        places, classes = likely(scores)
        boxes = decoded(output[places, :4], self._corners[places], self._sides[places]) / np.float32(scale)
        height, width = pixels.shape[:2]
        return found_objects(boxes, scores[places, classes], classes, OVERLAP, width, height)


def network_input(pixels: Pixels) -> tuple[Array, float]:
    """Shape (1, 3, SIDE, SIDE), BGR, 0..255: the picture in the upper left corner, and by what factor it was scaled."""
    height, width = pixels.shape[:2]
    scale = min(SIDE / height, SIDE / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    square = np.full((SIDE, SIDE, 3), PADDING, np.uint8)
    square[: size[1], : size[0]] = cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(square[:, :, ::-1].transpose(2, 0, 1)[None], dtype=np.float32), scale


def cells(side: int, strides: Sequence[int]) -> tuple[Array, Array]:
    """Column and row of every cell of all grids, row by row, shape (cells, 2); and its side in pixels."""
    corners, sides = [], []
    for stride in strides:
        steps = np.arange(side // stride, dtype=np.float32)
        x, y = np.meshgrid(steps, steps)
        corners.append(np.stack([x.ravel(), y.ravel()], axis=1))
        sides.append(np.full(x.size, stride, np.float32))
    return np.concatenate(corners), np.concatenate(sides)


def decoded(values: Array, corners: Array, sides: Array) -> Array:
    """Boxes (n, 4) in pixels of the input, of raw centres and sizes (n, 4)."""
    centres = (values[:, :2] + corners) * sides[:, None]
    halves = np.exp(values[:, 2:4].clip(max=10)) * sides[:, None] / 2
    return np.concatenate([centres - halves, centres + halves], axis=1)


def load(entry: CatalogEntry, directory: Path, device: str) -> YoloxEngine:
    """Open the network. Raises ``ValueError`` where it has not the output of YOLOX with 80 classes."""
    session = onnx_session(directory / "yolox_nano.onnx", entry, device)
    if [output.shape[1:] for output in session.get_outputs()] != [[len(cells(SIDE, STRIDES)[1]), len(NAMES) + 5]]:
        raise ValueError("the network's output is not that of YOLOX: box, object and 80 classes for each cell")
    return YoloxEngine(session)
