"""EasyOCR (JaidedAI, Apache-2.0): CRAFT finds the text, a CRNN reads it; some eighty languages.

Heavy: torch and torchvision, in the engine environment ``easyocr``. Its models are not downloaded here: they are files
of the catalog entry, or the user's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shared import errors
from shared.models.catalog import CatalogEntry
from shared.tasks.reading import Line, Picture, Polygon, Reading, Word


class EasyOcrEngine:
    """Pictures in, ``Reading`` out. Pages that lie on their side or upside down are not recognised as such."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def run(self, items: Sequence[Picture]) -> Sequence[Reading]:
        """Read each picture."""
        return [
            Reading(
                tuple(
                    _line(np.array(corners, dtype=np.float32), text, float(confidence))
                    for corners, text, confidence in self._reader.readtext(item.pixels)
                    if text.strip()
                )
            )
            for item in items
        ]

    def close(self) -> None:
        """The reader frees its memory with the last reference."""
        del self._reader


def load(entry: CatalogEntry, directory: Path, device: str) -> EasyOcrEngine:
    """Open the models in ``directory``. Raises ``EngineNotInstalled`` without the package, ``ModelNotInstalled``
    without the files."""
    try:
        import easyocr
    except ImportError as error:
        raise errors.EngineNotInstalled("EasyOCR is not installed: run nonet engines install easyocr") from error
    languages = entry.options.get("languages", ["en"])
    assert isinstance(languages, list)
    own: dict[str, Any] = {}
    if "network" in entry.options:
        # A network of the user's own: NAME.py and NAME.yaml beside NAME.pth.
        own = {"recog_network": str(entry.options["network"]), "user_network_directory": str(directory)}
    try:
        reader = easyocr.Reader(
            languages,
            gpu=device if device.startswith("cuda") else False,
            model_storage_directory=str(directory),
            download_enabled=False,
            verbose=False,
            **own,
        )
    except FileNotFoundError as error:
        raise errors.ModelNotInstalled(f"The files of {entry.id} are missing or not the ones EasyOCR knows.") from error
    return EasyOcrEngine(reader)


def _line(polygon: Polygon, text: str, confidence: float) -> Line:
    """EasyOCR gives lines only: each word gets the share of the line that its characters have."""
    parts = text.split()
    total = len(" ".join(parts))
    along_top, along_bottom = polygon[1] - polygon[0], polygon[2] - polygon[3]
    words, position = [], 0
    for part in parts:
        start, end = position / total, (position + len(part)) / total
        corners = [
            polygon[0] + along_top * start,
            polygon[0] + along_top * end,
            polygon[3] + along_bottom * end,
            polygon[3] + along_bottom * start,
        ]
        words.append(Word(part, min(1.0, max(0.0, confidence)), np.array(corners, dtype=np.float32)))
        position += len(part) + 1
    return Line(tuple(words), polygon)
