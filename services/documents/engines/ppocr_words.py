"""From the characters of a line crop to words with boxes that fit the ink.

The network says within about a character's width where each character stands; the pixels say exactly where ink ends.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from services.documents.engines.ppocr_recognition import Character
from shared.tasks.reading import Pixels

Ink = npt.NDArray[np.bool_]

#: Selection marks and bullets that were read as characters stand alone, however near the next word is.
STANDALONE = "☐☑☒•"

#: A gap without ink this wide, in heights of the line's ink, separates words even where no blank was read ...
GAP = 0.5
#: ... when it is also this many times the usual gap of its word: letter-spaced titles stay whole.
GAP_RATIO = 2.5
#: A word's ink ends at the first gap this wide (in heights) beyond its outermost characters.
REACH = 0.5
#: Boxes stand off the ink by these shares of the line's height, and take this share of the line's vertical extent:
#: a word of low letters is nearly as tall as its neighbours, as people draw boxes.
MARGIN_X = 0.13
MARGIN_Y = 0.08
LINE_SHARE = 0.5
#: Dot, dash or underscore leaders between a label and its value are drawing, not text.
LEADER = re.compile(r"(?:[._\-–—·…]\s?){4,}$|^(?:[._\-–—·…]\s?){4,}|_+$|^_+")


@dataclass(frozen=True, slots=True)
class Span:
    """A word inside a crop: its box in pixels of the crop (left, top, right, bottom)."""

    text: str
    confidence: float
    box: tuple[float, float, float, float]


def words_of(characters: Sequence[Character], crop: Pixels) -> list[Span]:
    """The words of one line, left to right. Empty where nothing but blanks and leaders was read."""
    height, width = crop.shape[:2]
    ink = line_ink(crop)
    columns = ink.sum(axis=0)
    rows = np.flatnonzero(ink.any(axis=1))
    line_top, line_bottom = (float(rows[0]), float(rows[-1]) + 1) if len(rows) else (0.0, float(height))
    line_height = line_bottom - line_top
    groups: list[list[Character]] = []
    for group in _split_at_blanks(characters):
        groups.extend(_split_at_gaps(group, columns, line_height))
    groups = [trimmed for group in groups if (trimmed := _without_leaders(group))]
    spans: list[Span] = []
    start = 0.0
    for index, group in enumerate(groups):
        first, last = group[0].x * width, group[-1].x * width
        end, following = float(width), float(width)
        if index + 1 < len(groups):
            end, following = _gap(columns, last, groups[index + 1][0].x * width)
        left, top, right, bottom = _fit(ink, columns, (start, first, last, end), line_height * REACH)
        top = (1 - LINE_SHARE) * top + LINE_SHARE * line_top - MARGIN_Y * line_height
        bottom = (1 - LINE_SHARE) * bottom + LINE_SHARE * line_bottom + MARGIN_Y * line_height
        left, right = left - MARGIN_X * line_height, right + MARGIN_X * line_height
        confidence = float(np.mean([character.confidence for character in group]))
        spans.append(Span("".join(c.text for c in group), confidence, (left, top, right, bottom)))
        start = following
    return spans


def line_ink(crop: Pixels) -> Ink:
    """True where a pixel is ink of this line.

    Ink is the side of Otsu's threshold (1979) that fewer pixels are on, less long horizontal rules, upright rules, and
    what reaches in from the lines above and below.
    """
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    _, dark = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    mask = dark.astype(np.uint8)
    if mask.mean() > 0.5:
        mask = 1 - mask
    length = max(12, round(height * 1.5))
    if width >= length:
        mask &= 1 - cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, length), np.uint8)).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    keep = np.ones(count, dtype=bool)
    keep[0] = False
    top, extent = stats[:, cv2.CC_STAT_TOP], stats[:, cv2.CC_STAT_HEIGHT]
    bottom = top + extent
    at_edge = (top == 0) | (bottom == height)
    keep &= ~(at_edge & (extent < 0.3 * height))
    keep &= ~((extent >= 0.95 * height) & (stats[:, cv2.CC_STAT_WIDTH] < 0.15 * height))
    kept: Ink = keep[labels]
    return kept


def _split_at_blanks(characters: Sequence[Character]) -> list[list[Character]]:
    groups: list[list[Character]] = [[]]
    for character in characters:
        if character.text.isspace():
            groups.append([])
        elif character.text in STANDALONE:
            groups.extend(([character], []))
        else:
            groups[-1].append(character)
    return [group for group in groups if group]


def _split_at_gaps(
    group: Sequence[Character], columns: npt.NDArray[np.int64], line_height: float
) -> list[list[Character]]:
    """``group`` cut where its ink stops for long."""
    width = len(columns)
    gaps = []
    for a, b in pairwise(group):
        left, right = _gap(columns, a.x * width, b.x * width)
        gaps.append(right - left)
    if not gaps:
        return [list(group)]
    usual = float(np.median(gaps))
    parts = [[group[0]]]
    for gap, character in zip(gaps, group[1:], strict=True):
        if gap > GAP * line_height and gap > GAP_RATIO * usual:
            parts.append([])
        parts[-1].append(character)
    return parts


def _without_leaders(group: Sequence[Character]) -> list[Character]:
    text = "".join(character.text for character in group)
    match = LEADER.search(text)
    while match:
        group = group[: match.start()] if match.end() == len(text) else group[match.end() :]
        text = "".join(character.text for character in group)
        match = LEADER.search(text)
    return list(group)


def _gap(columns: npt.NDArray[np.int64], left: float, right: float) -> tuple[float, float]:
    """The widest run without ink within [left, right]; without one, the least inky column twice."""
    a, b = max(0, round(left)), min(len(columns), round(right) + 1)
    if b - a < 2:
        middle = (left + right) / 2
        return middle, middle
    inked = np.concatenate(([True], columns[a:b] > 0, [True]))
    edges = np.diff(inked.astype(np.int8))
    starts, ends = (edges == -1).nonzero()[0], (edges == 1).nonzero()[0]
    if len(starts):
        widest = int((ends - starts).argmax())
        return float(a + starts[widest]), float(a + ends[widest])
    middle = float(a + int(columns[a:b].argmin()))
    return middle, middle


def _fit(
    ink: Ink, columns: npt.NDArray[np.int64], limits: tuple[float, float, float, float], reach: float
) -> tuple[float, float, float, float]:
    """The box of the ink of one word.

    ``limits`` = the leftmost column allowed, the centres of its first and last character, the rightmost column. From
    the centres the box grows over ink and over gaps of less than ``reach`` pixels.
    """
    start, first, last, end = limits
    low, high = int(start), max(int(start) + 1, int(np.ceil(end)))
    filled = low + columns[low:high].nonzero()[0]
    inside = filled[(filled >= first) & (filled <= last)]
    if not len(inside):
        # A single thin character: take the ink nearest to its centre.
        if not len(filled):
            return start, 0.0, end, float(ink.shape[0])
        inside = filled[[int(np.abs(filled - (first + last) / 2).argmin())]]
    left, right = int(inside[0]), int(inside[-1])
    for column in filled[filled < left][::-1]:
        if left - column > reach and column < first:
            break
        left = int(column)
    for column in filled[filled > right]:
        if column - right > reach and column > last:
            break
        right = int(column)
    rows = np.flatnonzero(ink[:, left : right + 1].any(axis=1))
    return float(left), float(rows[0]), float(right) + 1, float(rows[-1]) + 1
