"""Ultralytics YOLO checkpoints on torch, in the engine environment ``ultralytics`` (AGPL-3.0: its user opts in).

The library runs in a process of its own; nothing of it is imported by the suite. Exported to ONNX, the same networks
run without it: engines/yolo_onnx.py.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.vision.tasks import FoundObject
from shared import errors
from shared.media.boxes import Box
from shared.models.catalog import CatalogEntry
from shared.tasks.reading import Picture

LEAST_SCORE = 0.02
MOST_OBJECTS = 300


class UltralyticsDetector:
    """``YOLO(path)`` of the library."""

    def __init__(self, model: Any, device: str, side: int) -> None:
        self._model = model
        self._device = device
        self._side = side

    def run(self, items: Sequence[Picture]) -> Sequence[Sequence[FoundObject]]:
        # The library takes arrays as OpenCV has them: blue first.
        pictures = [np.ascontiguousarray(item.pixels[:, :, ::-1]) for item in items]
        answers = self._model.predict(
            pictures, imgsz=self._side, conf=LEAST_SCORE, max_det=MOST_OBJECTS, device=self._device, verbose=False
        )
        return [
            [
                FoundObject(answer.names[int(kind)], float(score), Box(*(float(value) for value in box)))
                for box, score, kind in zip(
                    answer.boxes.xyxy.cpu().numpy(),
                    answer.boxes.conf.cpu().numpy(),
                    answer.boxes.cls.cpu().numpy(),
                    strict=True,
                )
            ]
            for answer in answers
        ]

    def close(self) -> None:
        del self._model


def load(entry: CatalogEntry, directory: Path, device: str) -> UltralyticsDetector:
    """The one ``*.pt`` of the folder. Raises ``FailedPrecondition`` where there is none, or it is no detector."""
    # The library would fetch packages and send statistics by itself; an engine does neither.
    os.environ.update(YOLO_AUTOINSTALL="false", YOLO_OFFLINE="true")
    from ultralytics import YOLO

    paths = sorted(directory.glob("*.pt"))
    if len(paths) != 1:
        raise errors.FailedPrecondition(f"{entry.id}: its folder must hold one .pt file, and holds {len(paths)}.")
    model = YOLO(str(paths[0]))
    if model.task != "detect":
        raise errors.FailedPrecondition(f"{entry.id} is a YOLO for the task {model.task}; detectors alone are of use.")
    return UltralyticsDetector(model, device, int(entry.options.get("side", 640)))  # type: ignore[arg-type]
