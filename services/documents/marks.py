"""Selection marks: small square boxes, empty or ticked."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from services.documents.sheets import TICKED_BOXES, Sheet
from shared.media.boxes import Box

#: Side of a mark in text heights.
MIN_SIDE, MAX_SIDE = 0.55, 2.4
#: Share of dark pixels inside the border from which a mark counts as selected.
SELECTED_INK = 0.10
#: Round ones to choose from; full ones alone are the bullets of a list.
EMPTY_CIRCLES, FULL_CIRCLES = frozenset("○◯"), frozenset("●◉")
MAX_MARKS = 2000


@dataclass(frozen=True, eq=False, slots=True)
class Mark:
    """A selection mark. ``confidence`` 0..1 of its status: distance of its ink from the threshold."""

    box: Box
    selected: bool
    confidence: float


def find_marks(sheet: Sheet) -> list[Mark]:
    """The selection marks of a sheet, row after row."""
    height = sheet.text_height
    grey = sheet.grey
    # A page of tiny text (or none) has no boxes worth telling from noise.
    if min(grey.shape) < 32 or height < 6:
        return []
    marks = [Mark(word.box, word.text in TICKED_BOXES, word.confidence) for word in sheet.boxes]
    if any(word.text in EMPTY_CIRCLES for word in sheet.words) and any(w.text in FULL_CIRCLES for w in sheet.words):
        marks.extend(
            Mark(word.box, word.text in FULL_CIRCLES, word.confidence)
            for word in sheet.words
            if word.text in EMPTY_CIRCLES or word.text in FULL_CIRCLES
        )
    block = max(15, round(height * 2) | 1)
    ink = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, block, 15).astype(
        np.uint8
    )
    closed = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((2, 2), np.uint8))
    contours, hierarchy = cv2.findContours(closed, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if hierarchy is None:
        return marks
    blocked = [word.box for word in sheet.words if len(word.text) >= 2 or word.text.isalnum()]
    for contour, (_, _, child, _parent) in zip(contours, hierarchy[0], strict=True):
        if child < 0:
            continue
        left, top, wide, tall = cv2.boundingRect(contour)
        if not (MIN_SIDE * height <= min(wide, tall) and max(wide, tall) <= MAX_SIDE * height):
            continue
        if not 0.75 <= wide / tall <= 1.33 or cv2.contourArea(contour) < 0.85 * wide * tall:
            continue
        box = Box(float(left), float(top), float(left + wide), float(top + tall))
        if not _is_square(ink[top : top + tall, left : left + wide]):
            continue
        if any(other.holds(box, 0.5) and other.width > 1.6 * box.width for other in blocked):
            continue
        if any(mark.box.holds(box, 0.3) or box.holds(mark.box, 0.3) for mark in marks):
            continue
        share = _inner_ink(ink[top : top + tall, left : left + wide])
        # 0.5 at the threshold, rising to 1 as the ink is far from it.
        distance = abs(share - SELECTED_INK) / SELECTED_INK
        marks.append(Mark(box, share >= SELECTED_INK, 0.5 + 0.5 * min(1.0, distance)))
        if len(marks) >= MAX_MARKS:
            break
    return sorted(marks, key=lambda mark: (round(mark.box.center_y / height), mark.box.left))


def _is_square(ink: npt.NDArray[np.uint8]) -> bool:
    """Whether all four sides are drawn along most of their length: letters have open or round sides."""
    depth = max(2, round(min(ink.shape) * 0.2))
    sides = (ink[:depth].max(axis=0), ink[-depth:].max(axis=0), ink[:, :depth].max(axis=1), ink[:, -depth:].max(axis=1))
    straight = (
        ink[:depth].mean(axis=1),
        ink[-depth:].mean(axis=1),
        ink[:, :depth].mean(axis=0),
        ink[:, -depth:].mean(axis=0),
    )
    drawn = all(float((side > 0).mean()) >= 0.85 for side in sides)
    return drawn and all(float(side.max()) >= 0.75 * 255 for side in straight)


def _inner_ink(ink: npt.NDArray[np.uint8]) -> float:
    """Share of dark pixels well inside the border."""
    height, width = ink.shape
    y, x = max(1, round(height * 0.25)), max(1, round(width * 0.25))
    inner = ink[y : height - y, x : width - x]
    return float((inner > 0).mean()) if inner.size else 0.0
