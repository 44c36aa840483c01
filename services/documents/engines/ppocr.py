"""PP-OCRv6 (PaddleOCR, Apache-2.0) on ONNX Runtime: the embedded reader of Latin scripts.

The two networks lie in the ``rapidocr`` wheel; only its files are used, none of its code is imported. What surrounds
the networks is here: page rotation, crops, decoding, and word boxes that fit the ink.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from services.documents.engines.onnx_graph import without_head
from services.documents.engines.ppocr_detection import DetectionSettings, Detector
from services.documents.engines.ppocr_recognition import Character, Recognizer, crop_line
from services.documents.engines.ppocr_words import words_of
from shared import errors
from shared.models.catalog import CatalogEntry
from shared.tasks.reading import Line, Picture, Pixels, Polygon, Reading, Word, enclosing

#: The longer side of the picture as the detector sees it: small scans are enlarged, large ones reduced.
TARGET_SIDE = 1536
MAX_ENLARGEMENT = 2.0
#: A rectangle this many times taller than wide holds text turned by a quarter.
UPRIGHT = 1.5
#: Mean confidence (0..1) under which a page is tried upside down, and how many lines that trial reads.
DOUBTFUL = 0.85
TRIAL_LINES = 8
#: Words read with less confidence than this are taken for smudges.
MIN_CONFIDENCE = 0.6


class PpocrEngine:
    """Pictures in, ``Reading`` out. One picture takes about a second of one core and 0.5 GB."""

    def __init__(self, detector: Detector, recognizer: Recognizer) -> None:
        self._detector = detector
        self._recognizer = recognizer

    def run(self, items: Sequence[Picture]) -> Sequence[Reading]:
        """Read each picture."""
        return [self._read(item.pixels) for item in items]

    def close(self) -> None:
        """The sessions free their memory with the last reference."""
        del self._detector, self._recognizer

    def _read(self, pixels: Pixels) -> Reading:
        turned, rotation = pixels, 0
        polygons = self._detect(turned)
        if not polygons:
            return Reading(())
        if _mostly_upright(polygons):
            turned, rotation = np.ascontiguousarray(np.rot90(pixels)), 90
            polygons = self._detect(turned)
        polygons, characters = self._recognize(turned, polygons)
        if _mean_confidence(characters) < DOUBTFUL and self._upside_down(turned, polygons, characters):
            turned, rotation = np.ascontiguousarray(turned[::-1, ::-1]), rotation + 180
            polygons, characters = self._recognize(turned, self._detect(turned))
        lines = []
        for polygon, read in zip(polygons, characters, strict=True):
            line = _line(turned, polygon, read)
            if line is not None:
                lines.append(_turn_back(line, rotation, pixels.shape[1], pixels.shape[0]))
        return Reading(tuple(lines), rotation)

    def _detect(self, pixels: Pixels) -> list[Polygon]:
        scale = min(MAX_ENLARGEMENT, max(1.0, TARGET_SIDE / max(pixels.shape[:2])))
        polygons, scores = self._detector.detect(pixels, scale)
        return _without_nested(polygons, scores)

    def _recognize(self, pixels: Pixels, polygons: Sequence[Polygon]) -> tuple[list[Polygon], list[list[Character]]]:
        """Characters of each polygon. Polygons of upright lines come back turned to where their text begins."""
        crops: list[Pixels] = []
        candidates: list[list[Polygon]] = []
        for polygon in polygons:
            options = [polygon]
            width, height = _sides(polygon)
            if height > UPRIGHT * width:
                # Bottom to top (a margin's page code) or top to bottom: read both, keep the surer.
                options = [np.roll(polygon, 1, axis=0), np.roll(polygon, -1, axis=0)]
            candidates.append(options)
            crops.extend(crop_line(pixels, option)[0] for option in options)
        read = iter(self._recognizer.read(crops))
        best = [
            max(((option, next(read)) for option in options), key=lambda pair: _mean_confidence([pair[1]]))
            for options in candidates
        ]
        return [polygon for polygon, _ in best], [characters for _, characters in best]

    def _upside_down(
        self, pixels: Pixels, polygons: Sequence[Polygon], characters: Sequence[Sequence[Character]]
    ) -> bool:
        """Whether the longest lines read better when turned by 180 degrees."""
        longest = sorted(range(len(polygons)), key=lambda index: -_sides(polygons[index])[0])[:TRIAL_LINES]
        flipped = self._recognizer.read([crop_line(pixels, np.roll(polygons[i], 2, axis=0))[0] for i in longest])
        return _mean_confidence(flipped) > _mean_confidence([characters[i] for i in longest]) + 0.05


def load(entry: CatalogEntry, directory: Path, device: str) -> PpocrEngine:
    """Open the two networks. Raises ``EngineNotInstalled`` when the wheel that brings them is absent."""
    spec = importlib.util.find_spec("rapidocr")
    if spec is None or not spec.submodule_search_locations:
        raise errors.EngineNotInstalled("The package rapidocr is not installed: pip install rapidocr==3.10.0")
    folder = Path(next(iter(spec.submodule_search_locations))) / "models"
    options = onnxruntime.SessionOptions()
    # The cores that this process may use, which in a container are fewer than the machine has; and idle threads sleep.
    options.intra_op_num_threads = int(entry.options.get("threads", 0)) or _cores()  # type: ignore[arg-type]
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # The arena keeps the largest page ever seen; pages differ too much for that to pay.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    providers = ["CUDAExecutionProvider", "CPUExecutionProvider"] if device.startswith("cuda") else None
    available = onnxruntime.get_available_providers()
    providers = [name for name in providers or ["CPUExecutionProvider"] if name in available]
    networks = []
    for name in ("detection_file", "recognition_file"):
        path = folder / str(entry.options[name])
        if not path.is_file():
            raise errors.EngineNotInstalled(f"The wheel of rapidocr has no {path.name}: pip install rapidocr==3.10.0")
        networks.append(path.read_bytes())
    detection, (recognition, head) = networks[0], without_head(networks[1])
    sessions = [onnxruntime.InferenceSession(each, options, providers=providers) for each in (detection, recognition)]
    alphabet = str(entry.options.get("alphabet", "latin"))
    return PpocrEngine(Detector(sessions[0], DetectionSettings()), Recognizer(sessions[1], head, alphabet))


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _line(pixels: Pixels, polygon: Polygon, characters: Sequence[Character]) -> Line | None:
    """The line of one polygon, or None where nothing trustworthy was read."""
    if not characters:
        return None
    crop, back = crop_line(pixels, polygon)
    words = []
    for span in words_of(characters, crop):
        if span.confidence < MIN_CONFIDENCE:
            continue
        left, top, right, bottom = span.box
        corners = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]], dtype=np.float64)
        placed = cv2.perspectiveTransform(corners, back)[0]
        limits = (pixels.shape[1], pixels.shape[0])
        words.append(Word(span.text, span.confidence, placed.clip((0, 0), limits).astype(np.float32)))
    if not words:
        return None
    return Line(tuple(words), enclosing([word.polygon for word in words]))


def _turn_back(line: Line, rotation: int, width: int, height: int) -> Line:
    """``line`` of a picture turned counter-clockwise by ``rotation`` degrees, in pixels of the picture as it came."""
    if rotation == 0:
        return line

    def place(polygon: Polygon) -> Polygon:
        x, y = polygon[:, 0], polygon[:, 1]
        if rotation == 90:
            points = (width - y, x)
        elif rotation == 180:
            points = (width - x, height - y)
        else:
            points = (y, height - x)
        return np.stack(points, axis=1).astype(np.float32)

    words = tuple(Word(word.text, word.confidence, place(word.polygon)) for word in line.words)
    return Line(words, place(line.polygon))


def _sides(polygon: Polygon) -> tuple[float, float]:
    """Length of the upper edge and of the left edge, pixels."""
    return float(np.hypot(*(polygon[1] - polygon[0]))), float(np.hypot(*(polygon[3] - polygon[0])))


def _mostly_upright(polygons: Sequence[Polygon]) -> bool:
    """Whether more of the text (by length) runs up or down than across."""
    sides = [_sides(polygon) for polygon in polygons]
    upright = sum(height for width, height in sides if height > UPRIGHT * width)
    across = sum(width for width, height in sides if width > UPRIGHT * height)
    return upright > across


def _mean_confidence(lines: Sequence[Sequence[Character]]) -> float:
    """Mean over all characters, 0..1; 0 where nothing was read."""
    values = [character.confidence for line in lines for character in line]
    return float(np.mean(values)) if values else 0.0


def _without_nested(polygons: Sequence[Polygon], scores: Sequence[float]) -> list[Polygon]:
    """``polygons`` less those that lie for the most part within another."""
    order = sorted(range(len(polygons)), key=lambda i: -cv2.contourArea(polygons[i]))
    boxes = np.array([[*polygon.min(axis=0), *polygon.max(axis=0)] for polygon in polygons])
    kept: list[int] = []
    for index in order:
        box = boxes[index]
        area = max(1.0, (box[2] - box[0]) * (box[3] - box[1]))
        others = boxes[kept] if kept else np.empty((0, 4))
        overlap = np.minimum(others[:, 2:], box[2:]) - np.maximum(others[:, :2], box[:2])
        shared_area = overlap.clip(min=0).prod(axis=1)
        if not (shared_area > 0.75 * area).any():
            kept.append(index)
    return [polygons[index] for index in sorted(kept)]
