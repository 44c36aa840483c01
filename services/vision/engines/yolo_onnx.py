"""YOLO networks as ultralytics exports them to ONNX, run without that library: by ONNX Runtime, on a CPU or a GPU.

Two layouts are read: (batch, 4 + classes, boxes), with centre, width and height in pixels of the input, which wants
non-maximum suppression; and (batch, boxes, 6) with corners, score and class, which has had it. The names of the classes
are in the file's metadata.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime

from services.vision.engines.sessions import onnx_session
from services.vision.geometry import suppress
from services.vision.tasks import FoundObject
from shared import errors
from shared.media.boxes import Box
from shared.models.catalog import CatalogEntry
from shared.tasks.reading import Picture, Pixels

LEAST_SCORE = 0.02
MOST_OBJECTS = 300
OVERLAP = 0.7
#: The grey around a picture that is not square.
PADDING = 114
DEFAULT_SIDE = 640


class YoloOnnxDetector:
    """One exported network."""

    def __init__(self, session: onnxruntime.InferenceSession, names: Sequence[str]) -> None:
        self._session = session
        self._names = names
        tensor = session.get_inputs()[0]
        self._input = tensor.name
        height, width = tensor.shape[2:4]
        self._height = height if isinstance(height, int) else DEFAULT_SIDE
        self._width = width if isinstance(width, int) else DEFAULT_SIDE
        self._batches = not isinstance(tensor.shape[0], int)

    def run(self, items: Sequence[Picture]) -> Sequence[Sequence[FoundObject]]:
        prepared = [self._fitted(item.pixels) for item in items]
        inputs = np.stack([values for values, _ in prepared])
        if self._batches:
            outputs = self._session.run(None, {self._input: inputs})[0]
        else:
            outputs = np.concatenate([self._session.run(None, {self._input: one[None]})[0] for one in inputs])
        return [
            self._objects(output, scale, item.pixels.shape[1], item.pixels.shape[0])
            for output, (_, scale), item in zip(outputs, prepared, items, strict=True)
        ]

    def _fitted(self, pixels: Pixels) -> tuple[npt.NDArray[np.float32], float]:
        """The picture in the upper left of the input, (3, height, width) within 0..1, and how much it was scaled."""
        scale = min(self._width / pixels.shape[1], self._height / pixels.shape[0])
        size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
        canvas = np.full((self._height, self._width, 3), PADDING, np.uint8)
        canvas[: size[1], : size[0]] = cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR)
        return np.ascontiguousarray(canvas.transpose(2, 0, 1), dtype=np.float32) / np.float32(255), scale

    def _objects(
        self, output: npt.NDArray[np.float32], scale: float, width: int, height: int
    ) -> list[FoundObject]:
        if output.shape[-1] == 6:
            corners, scores, kinds = output[:, :4], output[:, 4], output[:, 5].astype(np.int64)
        else:
            rows = output.T
            kinds = rows[:, 4:].argmax(axis=1)
            scores = rows[np.arange(len(rows)), 4 + kinds]
            half = rows[:, 2:4] / 2
            corners = np.concatenate([rows[:, :2] - half, rows[:, :2] + half], axis=1)
        likely = scores >= LEAST_SCORE
        corners, scores, kinds = corners[likely] / scale, scores[likely], kinds[likely]
        # Boxes of different classes never suppress one another: each class gets a plane of its own.
        apart = kinds[:, None] * np.float32(corners.max(initial=0.0) + 1.0)
        kept = suppress(corners + apart, scores, OVERLAP)[:MOST_OBJECTS]
        boxes = (Box(*(float(value) for value in corners[i])).clipped(width, height) for i in kept)
        return [
            FoundObject(self._names[kinds[i]], float(scores[i]), box) for i, box in zip(kept, boxes, strict=True)
        ]

    def close(self) -> None:
        del self._session


def load(entry: CatalogEntry, directory: Path, device: str) -> YoloOnnxDetector:
    """The one ``*.onnx`` of the folder. Raises ``FailedPrecondition`` where it is not such an export."""
    paths = sorted(directory.glob("*.onnx"))
    if len(paths) != 1:
        raise errors.FailedPrecondition(f"{entry.id}: its folder must hold one .onnx file, and holds {len(paths)}.")
    session = onnx_session(paths[0], entry, device)
    shape = session.get_outputs()[0].shape
    names = _names(session, entry)
    if len(shape) != 3 or (shape[2] != 6 and shape[1] != 4 + len(names)):
        raise errors.FailedPrecondition(
            f"{entry.id} is no YOLO detector as ultralytics exports it, or lacks the names of its classes."
        )
    return YoloOnnxDetector(session, names)


def _names(session: onnxruntime.InferenceSession, entry: CatalogEntry) -> list[str]:
    """Of the option ``labels``, or of the file: a Python dictionary of numbers and names, as text."""
    labels = entry.options.get("labels")
    if isinstance(labels, list):
        return labels
    text = session.get_modelmeta().custom_metadata_map.get("names", "{}")
    try:
        names = ast.literal_eval(text)
        return [str(names[i]) for i in range(len(names))]
    except (ValueError, SyntaxError, KeyError, TypeError) as error:
        raise errors.FailedPrecondition(
            f"{entry.id}: the names of its classes cannot be read from the file."
        ) from error
