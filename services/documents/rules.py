"""Ruled lines of a page: found by opening the ink with long thin elements."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from shared.media.boxes import Box

#: A rule is at least this share of the sheet's width (level) or height (upright) ...
MIN_LENGTH_X = 0.018
MIN_LENGTH_Y = 0.010
#: ... and at most this share of the text's height thick: a run through dense letters is thicker.
MAX_THICKNESS = 0.3
#: Least share of a rule that is ink.
MIN_DRAWN = 0.85
#: More rules than this are a texture (a photograph, a hatched area), not a form.
MAX_RULES = 4000


@dataclass(frozen=True, slots=True)
class Rules:
    """Level and upright rules, as thin boxes in pixels of the sheet."""

    level: tuple[Box, ...] = ()
    upright: tuple[Box, ...] = ()


def find_rules(grey: npt.NDArray[np.uint8], text_height: float) -> Rules:
    """The rules of an upright sheet (uint8, 0 = black) whose words are ``text_height`` pixels tall."""
    height, width = grey.shape
    if min(height, width) < 32:
        return Rules()
    # Local mean: rules in light grey on white and on shaded rows both stand out.
    block = max(15, round(max(height, width) / 80) | 1)
    ink = cv2.adaptiveThreshold(grey, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, block, 12).astype(np.uint8)
    thickness = max(3, round(MAX_THICKNESS * text_height))
    level = _runs(ink, max(12, round(MIN_LENGTH_X * width), round(1.2 * text_height)), thickness)
    upright = [
        Box(box.top, box.left, box.bottom, box.right)
        # The stems of letters are upright strokes as well: a rule is longer.
        for box in _runs(
            np.ascontiguousarray(ink.T), max(12, round(MIN_LENGTH_Y * height), round(1.5 * text_height)), thickness
        )
    ]
    if len(level) > MAX_RULES or len(upright) > MAX_RULES:
        return Rules()
    return Rules(tuple(level), tuple(upright))


def _runs(ink: npt.NDArray[np.uint8], length: int, thickness: int) -> list[Box]:
    """Boxes of level runs of ink at least ``length`` long and at most ``thickness`` thick."""
    # Gaps of a dashed or badly scanned rule are closed first.
    closed = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((1, 3), np.uint8))
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    # A rule a pixel off level is broken into steps: rows touch one another before components are taken.
    joined = cv2.dilate(opened, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined.astype(np.uint8), connectivity=8)
    runs = labels[opened > 0]
    drawn = np.bincount(runs, weights=ink[opened > 0], minlength=count) / np.maximum(
        1, np.bincount(runs, minlength=count)
    )
    boxes = []
    for (left, top, width, height, _area), share in zip(stats[1:], drawn[1:], strict=True):
        # Closing turns the grain of a photograph into runs; a rule was nearly whole before.
        if height - 2 <= thickness and width - 2 >= length and share >= MIN_DRAWN:
            boxes.append(Box(float(left + 1), float(top + 1), float(left + width - 1), float(top + height - 1)))
    return boxes
