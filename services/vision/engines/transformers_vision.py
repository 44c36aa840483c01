"""Checkpoints of the transformers library that look at pictures: object detectors and image classifiers, on torch.

This is the heavy engine: its models name the engine environment ``transformers``. A checkpoint is a folder with
``config.json``, ``preprocessor_config.json`` and weights as safetensors; nothing is fetched, and no code of a
checkpoint is run. Pictures are prepared here as ``preprocessor_config.json`` says, so that torchvision is not needed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from services.vision.tasks import FoundObject, ImageClass
from shared import errors
from shared.media.boxes import Box
from shared.models.catalog import CatalogEntry
from shared.tasks.reading import Picture

#: Objects below this are noise; what callers do not want of the others they filter themselves.
LEAST_SCORE = 0.02
MOST_OBJECTS = 300
#: Detectors whose last class is "nothing" and whose classes compete (DETR, arXiv 2005.12872); the later ones judge each
#: class by itself (RT-DETR, arXiv 2304.08069).
_WITH_NO_OBJECT = frozenset({"detr", "yolos", "table-transformer"})
#: Numbers of PIL.Image.Resampling in torch's words; what torch lacks is done bilinear.
_RESAMPLING = {0: "nearest", 2: "bilinear", 3: "bicubic"}


@dataclass(frozen=True, slots=True)
class Preparation:
    """How a picture becomes an input: its size, whether the middle is cut out, and how values are scaled."""

    height: int
    width: int
    crop: tuple[int, int] | None
    resampling: str
    factor: float
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    @classmethod
    def read(cls, path: Path) -> Preparation:
        """Of ``preprocessor_config.json``. A shortest edge becomes a square: positions do not depend on it."""
        values = json.loads(path.read_text(encoding="utf-8"))
        height, width = _size(values.get("size", 224))
        crop = _size(values["crop_size"]) if values.get("do_center_crop") and "crop_size" in values else None
        normalizes = values.get("do_normalize", True)
        return cls(
            height,
            width,
            crop,
            _RESAMPLING.get(values.get("resample", 2), "bilinear"),
            values.get("rescale_factor", 1 / 255) if values.get("do_rescale", True) else 1.0,
            tuple(values.get("image_mean", (0.5,) * 3)) if normalizes else (0.0,) * 3,
            tuple(values.get("image_std", (0.5,) * 3)) if normalizes else (1.0,) * 3,
        )


def _size(value: Any) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    if "height" in value:
        return int(value["height"]), int(value["width"])
    edge = int(value.get("shortest_edge") or value.get("longest_edge"))
    return edge, edge


class _Checkpoint:
    """A network on a device, and how its inputs are made."""

    def __init__(self, entry: CatalogEntry, directory: Path, device: str, kind: str) -> None:
        import torch
        import transformers

        self._torch = torch
        self._device = device
        path = directory / "preprocessor_config.json"
        if not path.is_file():
            raise errors.FailedPrecondition(f"{entry.id} has no preprocessor_config.json: copy the whole checkpoint.")
        self._preparation = Preparation.read(path)
        loader = getattr(transformers, kind)
        options = {"local_files_only": True, "trust_remote_code": False, "use_safetensors": True}
        self.model: Any = loader.from_pretrained(directory, **options).to(device).eval()
        names = entry.options.get("labels")
        known = [str(name) for _, name in sorted((int(i), n) for i, n in self.model.config.id2label.items())]
        if isinstance(names, list) and len(names) != len(known):
            raise errors.FailedPrecondition(
                f"{entry.id}: options.labels has {len(names)} names for {len(known)} classes."
            )
        self.names: list[str] = list(names) if isinstance(names, list) else known

    def run(self, pictures: Sequence[Picture]) -> Any:
        """The network's outputs for a batch."""
        torch = self._torch
        with torch.inference_mode():
            return self.model(pixel_values=torch.cat([self._input(picture) for picture in pictures]))

    def _input(self, picture: Picture) -> Any:
        torch, how = self._torch, self._preparation
        pixels = torch.from_numpy(np.ascontiguousarray(picture.pixels)).to(self._device)
        values = pixels.permute(2, 0, 1)[None].float()
        smooth = {} if how.resampling == "nearest" else {"antialias": True, "align_corners": False}
        values = torch.nn.functional.interpolate(values, (how.height, how.width), mode=how.resampling, **smooth)
        if how.crop is not None:
            top, left = (how.height - how.crop[0]) // 2, (how.width - how.crop[1]) // 2
            values = values[:, :, max(0, top) : max(0, top) + how.crop[0], max(0, left) : max(0, left) + how.crop[1]]
        mean = torch.tensor(how.mean, device=self._device)[None, :, None, None]
        deviation = torch.tensor(how.deviation, device=self._device)[None, :, None, None]
        return (values * how.factor - mean) / deviation

    def close(self) -> None:
        del self.model


class TransformersDetector:
    """An ``AutoModelForObjectDetection`` of the DETR family."""

    def __init__(self, checkpoint: _Checkpoint) -> None:
        self._checkpoint = checkpoint

    def run(self, items: Sequence[Picture]) -> Sequence[Sequence[FoundObject]]:
        outputs = self._checkpoint.run(items)
        logits = outputs.logits
        if self._checkpoint.model.config.model_type in _WITH_NO_OBJECT:
            scores = logits.softmax(-1)[..., :-1]
        else:
            scores = logits.sigmoid()
        return [
            self._objects(score, boxes, item.pixels.shape[1], item.pixels.shape[0])
            for score, boxes, item in zip(scores.cpu().numpy(), outputs.pred_boxes.cpu().numpy(), items, strict=True)
        ]

    def _objects(self, scores: Any, boxes: Any, width: int, height: int) -> list[FoundObject]:
        """``boxes``: centre, width and height as shares of the picture."""
        best = scores.argmax(axis=-1)
        found = []
        for query in np.argsort(-scores.max(axis=-1), kind="stable")[:MOST_OBJECTS]:
            score = float(scores[query, best[query]])
            if score < LEAST_SCORE:
                break
            x, y, wide, high = (float(value) for value in boxes[query])
            box = Box((x - wide / 2) * width, (y - high / 2) * height, (x + wide / 2) * width, (y + high / 2) * height)
            found.append(FoundObject(self._checkpoint.names[best[query]], score, box.clipped(width, height)))
        return found

    def close(self) -> None:
        self._checkpoint.close()


class TransformersClassifier:
    """An ``AutoModelForImageClassification``: classes that exclude one another."""

    def __init__(self, checkpoint: _Checkpoint) -> None:
        self._checkpoint = checkpoint

    def run(self, items: Sequence[Picture]) -> Sequence[Sequence[ImageClass]]:
        scores = self._checkpoint.run(items).logits.softmax(-1).cpu().numpy()
        names = self._checkpoint.names
        return [[ImageClass(names[i], float(row[i])) for i in np.argsort(-row, kind="stable")] for row in scores]

    def close(self) -> None:
        self._checkpoint.close()


def load_detector(entry: CatalogEntry, directory: Path, device: str) -> TransformersDetector:
    """Raises ``FailedPrecondition`` for a checkpoint that is not whole, or names that do not fit it."""
    return TransformersDetector(_Checkpoint(entry, directory, device, "AutoModelForObjectDetection"))


def load_classifier(entry: CatalogEntry, directory: Path, device: str) -> TransformersClassifier:
    """Raises ``FailedPrecondition`` for a checkpoint that is not whole, or names that do not fit it."""
    return TransformersClassifier(_Checkpoint(entry, directory, device, "AutoModelForImageClassification"))
