"""Photographs of the shared data, and pictures drawn here."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from shared.tasks.reading import Picture, Pixels


def photograph(path: Path) -> Picture:
    read = cv2.imread(str(path), cv2.IMREAD_COLOR)
    assert read is not None, path
    return Picture(np.asarray(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), np.uint8))


def coco(shared: Path, number: int) -> Picture:
    """A photograph of COCO by its number."""
    return photograph(shared / "data" / "vision" / "coco_val_yolo" / "images" / f"{number:012d}.jpg")


def puppies(shared: Path) -> Picture:
    return photograph(shared / "data" / "vision" / "google_vision" / "puppies.jpg")


def plain(colour: tuple[int, int, int], height: int = 120, width: int = 160) -> Pixels:
    return np.full((height, width, 3), colour, np.uint8)
