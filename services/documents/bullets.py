"""Dots before the entries of a list: readers take some for characters and leave others out, within one list."""

from __future__ import annotations

from collections.abc import Sequence

import cv2

from services.documents.lines import TextLine
from services.documents.sheets import Sheet

BULLETS = frozenset("•·●▪■◦‣")
#: How far to the left of a line its dot may stand, in heights of the line.
REACH = 2.5
#: Side of a dot, in heights of the line.
MIN_SIDE, MAX_SIDE = 0.12, 0.75
#: Least share of its box that a dot fills: a disc has 0.79, a dash lies flat, letters are open.
MIN_FILL = 0.6


def find_dotted(sheet: Sheet, lines: Sequence[TextLine]) -> frozenset[int]:
    """``id`` of each of ``lines`` with a dot before it; a dot that has no second one below or above it is a speck."""
    if not lines or min(sheet.grey.shape) < 8:
        return frozenset()
    threshold, _ = cv2.threshold(sheet.grey, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    places = [(line, _read_dot(line) or _dot(sheet, line, threshold)) for line in lines if line.level]
    dots = [(line, x) for line, x in places if x is not None]
    return frozenset(
        id(line)
        for line, x in dots
        if any(other is not line and abs(y - x) < 0.5 * line.box.height for other, y in dots)
    )


def _read_dot(line: TextLine) -> float | None:
    """Where the middle of the dot lies that ``line`` begins with, read as a character."""
    return line.box.left + 0.25 * line.box.height if line.text[0] in BULLETS else None


def _dot(sheet: Sheet, line: TextLine, threshold: float) -> float | None:
    """Where the middle of the dot before ``line`` lies (x on the sheet), or None: it stands alone, half way up."""
    box, height = line.box, line.box.height
    left, right = max(0, int(box.left - REACH * height)), int(box.left - 0.05 * height)
    top, bottom = max(0, int(box.top)), int(box.bottom) + 1
    if right - left < 0.3 * height or any(
        other is not line and other.box.right > left and other.box.left < right and other.box.overlap_y(box) > 0
        for other in sheet.lines
    ):
        return None
    ink = (sheet.grey[top:bottom, left:right] <= threshold).astype("uint8")
    if not ink.size:  # the line lies off the sheet; OpenCV dies of an empty picture instead of saying so
        return None
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    parts = [part for part in stats[1:] if max(part[2], part[3]) > 0.08 * height]
    if len(parts) != 1:
        return None
    x, y, wide, tall, area = (int(value) for value in parts[0])
    if not (MIN_SIDE * height <= min(wide, tall) and max(wide, tall) <= MAX_SIDE * height):
        return None
    middle = (y + tall / 2) / (bottom - top)
    if not 0.6 <= wide / tall <= 1.67 or area < MIN_FILL * wide * tall or not 0.25 <= middle <= 0.8:
        return None
    return left + x + wide / 2
