"""PicoDet (Yu et al., arXiv 2111.00902) on ONNX Runtime: 80 kinds of things.

The network gives, for every cell of four grids, a probability for each class and a distribution of the distances to the
four sides of the box (generalized focal loss, Li et al., arXiv 2006.04388): the box lies at the mean distances.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from services.vision.engines.candidates import Array, found_objects, likely
from services.vision.engines.coco import NAMES
from services.vision.engines.picodet_graph import tidied
from services.vision.engines.sessions import onnx_session
from services.vision.tasks import FoundObject
from shared.models.catalog import CatalogEntry
from shared.tasks.reading import Picture, Pixels

#: Side of the square input, pixels, and of the cells of the four grids.
SIDE = 416
STRIDES = (8, 16, 32, 64)
#: Distances run from 0 to 7 cells.
BINS = 8
OVERLAP = 0.6
#: Mean and standard deviation of ImageNet's pixels, RGB, 0..255.
MEAN = (123.675, 116.28, 103.53)
DEVIATION = (58.395, 57.12, 57.375)


class PicodetEngine:
    """Pictures in, objects out; the export takes one picture at a time."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name
        self._centres, self._sides = cells(SIDE, STRIDES)

    def run(self, items: Sequence[Picture]) -> Sequence[Sequence[FoundObject]]:
        """The objects of each picture, surest first."""
        return [self._detect(item.pixels) for item in items]

    def close(self) -> None:
        """The session frees its memory with the last reference."""
        del self._session

    def _detect(self, pixels: Pixels) -> list[FoundObject]:
        outputs = self._session.run(None, {self._input: network_input(pixels)})
        levels = len(STRIDES)
        scores = np.concatenate(outputs[:levels], axis=1)[0]
        distances = np.concatenate(outputs[levels:], axis=1)[0]
        places, classes = likely(scores)
        height, width = pixels.shape[:2]
        boxes = decoded(distances[places], self._centres[places], self._sides[places])
        boxes *= np.array([width, height, width, height], np.float32) / SIDE
        return found_objects(boxes, scores[places, classes], classes, OVERLAP, width, height)


def network_input(pixels: Pixels) -> Array:
    """Shape (1, 3, SIDE, SIDE): the picture stretched to the square that the network was trained on."""
    resized = cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    values = np.empty((1, 3, SIDE, SIDE), np.float32)
    for channel, (mean, deviation) in enumerate(zip(MEAN, DEVIATION, strict=True)):
        np.multiply(resized[:, :, channel], np.float32(1 / deviation), out=values[0, channel])
        values[0, channel] -= np.float32(mean / deviation)
    return values


def cells(side: int, strides: Sequence[int]) -> tuple[Array, Array]:
    """Centre (x, y) of every cell of all grids, row by row, shape (cells, 2); and its side. In pixels."""
    centres, sides = [], []
    for stride in strides:
        steps = (np.arange(-(-side // stride), dtype=np.float32) + 0.5) * stride
        x, y = np.meshgrid(steps, steps)
        centres.append(np.stack([x.ravel(), y.ravel()], axis=1))
        sides.append(np.full(x.size, stride, np.float32))
    return np.concatenate(centres), np.concatenate(sides)


def decoded(distances: Array, centres: Array, sides: Array) -> Array:
    """Boxes (n, 4) of distributions (n, 4 * BINS) of the distances left, up, right and down, in cells."""
    logits = distances.reshape(-1, 4, BINS)
    weights = np.exp(logits - logits.max(axis=2, keepdims=True))
    mean = (weights * np.arange(BINS, dtype=np.float32)).sum(axis=2) / weights.sum(axis=2) * sides[:, None]
    return np.concatenate([centres - mean[:, :2], centres + mean[:, 2:]], axis=1)


def load(entry: CatalogEntry, directory: Path, device: str) -> PicodetEngine:
    """Open the network. Raises ``ValueError`` where it has not the outputs of PicoDet with 80 classes."""
    session = onnx_session(tidied(directory / "picodet_s_416_coco.onnx"), entry, device)
    shapes = [output.shape[2] for output in session.get_outputs()]
    if shapes != [len(NAMES)] * len(STRIDES) + [4 * BINS] * len(STRIDES):
        raise ValueError("the network's outputs are not those of PicoDet: four of classes, then four of distances")
    return PicodetEngine(session)
