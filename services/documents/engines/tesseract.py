"""Tesseract (Smith, "An Overview of the Tesseract OCR Engine", 2007; Apache-2.0) through tesserocr.

Fast and exact on clean upright print, and it knows the languages whose data are installed; on tilted or noisy pages the
embedded reader is far better. Needs the package ``tesserocr`` and Tesseract's language data (Debian:
``tesseract-ocr-eng`` and its like).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from shared import errors
from shared.models.catalog import CatalogEntry
from shared.tasks.reading import Line, Picture, Pixels, Polygon, Reading, Word, enclosing

#: Where Debian puts the language data; ``TESSDATA_PREFIX`` names another folder.
DATA_FOLDERS = ("/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tesseract-ocr/4.00/tessdata", "/usr/share/tessdata")
#: Words read with less confidence than this (0..1) are taken for smudges.
MIN_CONFIDENCE = 0.3
#: Mean confidence under which the other quarter turns are tried.
DOUBTFUL = 0.6


class TesseractEngine:
    """Pictures in, ``Reading`` out."""

    def __init__(self, api: Any, tesserocr: Any) -> None:
        self._api = api
        self._tesserocr = tesserocr

    def run(self, items: Sequence[Picture]) -> Sequence[Reading]:
        """Read each picture."""
        return [self._read(item.pixels) for item in items]

    def close(self) -> None:
        """Free Tesseract's memory."""
        self._api.End()

    def _read(self, pixels: Pixels) -> Reading:
        best = (_score(lines := self._lines(pixels)), lines, 0)
        if best[0] < DOUBTFUL:
            for quarter in (1, 2, 3):
                turned = np.ascontiguousarray(np.rot90(pixels, quarter))
                lines = [_turned_back(line, quarter, pixels) for line in self._lines(turned)]
                # Ties go to the page as it came: an empty page is not upside down.
                best = max(best, (_score(lines), lines, 90 * quarter), key=lambda candidate: candidate[0])
        return Reading(tuple(best[1]), best[2])

    def _lines(self, pixels: Pixels) -> list[Line]:
        """Lines of an upright picture."""
        self._api.SetImage(Image.fromarray(pixels))
        if not self._api.Recognize():
            return []
        level = self._tesserocr.RIL
        lines: list[list[Word]] = []
        iterator = self._api.GetIterator()
        if iterator is None:
            return []
        for item in self._tesserocr.iterate_level(iterator, level.WORD):
            if item.IsAtBeginningOf(level.TEXTLINE) or not lines:
                lines.append([])
            box = item.BoundingBox(level.WORD)
            text = _text(item, level.WORD)
            confidence = item.Confidence(level.WORD) / 100
            if box is None or not text or confidence < MIN_CONFIDENCE:
                continue
            left, top, right, bottom = box
            corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
            lines[-1].append(Word(text, min(1.0, confidence), np.array(corners, dtype=np.float32)))
        return [Line(tuple(words), enclosing([word.polygon for word in words])) for words in lines if words]


def load(entry: CatalogEntry, directory: Path, device: str) -> TesseractEngine:
    """Open Tesseract with ``entry.options["languages"]`` ("eng+deu"). Raises ``EngineNotInstalled``."""
    try:
        import tesserocr
    except ImportError as error:
        raise errors.EngineNotInstalled("The package tesserocr is not installed: pip install tesserocr") from error
    languages = str(entry.options.get("languages", "eng"))
    candidates = [os.environ.get("TESSDATA_PREFIX", ""), *DATA_FOLDERS]
    for folder in filter(None, candidates):
        if all((Path(folder) / f"{name}.traineddata").is_file() for name in languages.split("+")):
            api = tesserocr.PyTessBaseAPI(path=folder, lang=languages, psm=tesserocr.PSM.AUTO)
            return TesseractEngine(api, tesserocr)
    raise errors.EngineNotInstalled(
        f"Tesseract's data for {languages} is not installed: apt-get install tesseract-ocr-eng, or set TESSDATA_PREFIX."
    )


def _text(item: Any, level: Any) -> str:
    """The word's text; tesserocr raises where there is none."""
    try:
        return str(item.GetUTF8Text(level)).strip()
    except RuntimeError:
        return ""


def _score(lines: Sequence[Line]) -> float:
    """Mean confidence over the characters, 0..1; 0 where nothing was read.

    Tesseract reads columns of turned text as well, but boxes and directions are right on an upright page only: words
    that stand on end count as unread.
    """
    words = [word for line in lines for word in line.words]
    characters = sum(len(word.text) for word in words)
    sure = sum(word.confidence * len(word.text) for word in words if len(word.text) < 3 or _lies(word.polygon))
    return sure / characters if characters else 0.0


def _lies(polygon: Polygon) -> bool:
    return float(np.hypot(*(polygon[1] - polygon[0]))) >= float(np.hypot(*(polygon[3] - polygon[0])))


def _turned_back(line: Line, quarter: int, pixels: Pixels) -> Line:
    """A line of ``np.rot90(pixels, quarter)`` in pixels of the picture as it came."""
    height, width = pixels.shape[:2]

    def place(polygon: Polygon) -> Polygon:
        x, y = polygon[:, 0], polygon[:, 1]
        points = {1: (width - y, x), 2: (width - x, height - y), 3: (y, height - x)}[quarter]
        return np.stack(points, axis=1).astype(np.float32)

    words = tuple(Word(word.text, word.confidence, place(word.polygon)) for word in line.words)
    return Line(words, place(line.polygon))
