"""A sheet is a page set upright: what forms, tables and layout are found on.

However the page was scanned, on a sheet text runs from left to right and rules lie level; the way back to the page as
it was sent is kept beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from services.documents.geometry import corners, transform
from services.documents.lines import TextLine, TextWord, arrange
from services.documents.rules import Rules, find_rules
from shared.media.boxes import Box
from shared.media.documents import Page
from shared.tasks.reading import Line, Pixels, Polygon, Reading, Word

#: Boxes to tick that a reader takes for characters: drawing, not text.
EMPTY_BOXES, TICKED_BOXES = frozenset("☐□❑❏"), frozenset("☑☒")
#: Pages turned by less than this many degrees are left as they are.
MIN_SKEW = 0.25
#: The sheet's grey picture has at most this many pixels: rules and marks need no more.
MAX_PIXELS = 6_000_000


@dataclass(frozen=True, slots=True)
class Sheet:
    """An upright page: ``grey`` is uint8 (height, width), 0 = black."""

    number: int
    grey: npt.NDArray[np.uint8]
    lines: tuple[TextLine, ...]
    rules: Rules
    #: 3 x 3: sheet pixels -> shares of the page as sent.
    to_page: npt.NDArray[np.float64]
    #: Degrees clockwise by which the page's content is turned: 0, 90, 180, 270.
    rotation: int
    #: True where words come from a text layer.
    digital: bool
    #: Pictures of a digital page, on the sheet.
    pictures: tuple[Box, ...] = ()
    #: Boxes to tick that were read as characters; they are in no line.
    boxes: tuple[TextWord, ...] = ()

    @property
    def width(self) -> int:
        return int(self.grey.shape[1])

    @property
    def height(self) -> int:
        return int(self.grey.shape[0])

    @property
    def words(self) -> tuple[TextWord, ...]:
        return tuple(word for line in self.lines for word in line.words)

    @property
    def text_height(self) -> float:
        """Median height of the words, pixels; 1/60 of the sheet where there is none."""
        heights = [word.box.height for word in self.words if word.level]
        return float(np.median(heights)) if heights else self.height / 60

    def place(self, box: Box) -> npt.NDArray[np.float64]:
        """Corners of ``box`` as shares of the page as sent, shape (4, 2), clipped to the page."""
        return transform(self.to_page, corners(box)).clip(0.0, 1.0)


def lift(page: Page, reading: Reading) -> Sheet:
    """Set ``page`` upright. ``reading``'s polygons are in pixels of ``page``."""
    height, width = page.pixels.shape[:2]
    skew = _skew(reading.lines, reading.rotation)
    matrix, size = _upright(width, height, reading.rotation, skew)
    grey: npt.NDArray[np.uint8] = cv2.cvtColor(page.pixels, cv2.COLOR_RGB2GRAY).astype(np.uint8)
    if reading.rotation or skew or size != (width, height):
        grey = cv2.warpAffine(
            grey, matrix[:2], size, flags=cv2.INTER_AREA if size[0] < width else cv2.INTER_LINEAR, borderValue=(255.0,)
        ).astype(np.uint8)
    shares = np.diag([1 / width, 1 / height, 1.0])
    to_page: npt.NDArray[np.float64] = shares @ np.linalg.inv(matrix)
    raised, boxes = _without_boxes([_line(line, matrix, width, height) for line in reading.lines])
    heights = [word.box.height for line in raised for word in line.words if word.level]
    rules = find_rules(grey, float(np.median(heights)) if heights else grey.shape[0] / 60)
    lines = arrange(raised, rules)
    pictures = []
    for left, top, right, bottom in page.pictures:
        points = transform(matrix, corners(Box(left * width, top * height, right * width, bottom * height)))
        pictures.append(_bounds(points))
    return Sheet(
        number=page.number,
        grey=grey,
        lines=tuple(lines),
        rules=rules,
        to_page=to_page,
        rotation=reading.rotation,
        digital=page.words is not None,
        pictures=tuple(pictures),
        boxes=tuple(boxes),
    )


def layer_reading(page: Page) -> Reading:
    """The reading that a page's text layer gives, one word a line: what the file says is certain (confidence 1)."""
    assert page.words is not None
    height, width = page.pixels.shape[:2]
    lines = []
    directions = [0.0, 0.0, 0.0, 0.0]
    for word in page.words:
        polygon: Polygon = (word.polygon * np.array([width, height])).astype(np.float32)
        along = polygon[1] - polygon[0]
        quarter = round(math.degrees(math.atan2(float(along[1]), float(along[0]))) / 90) % 4
        directions[quarter] += len(word.text)
        lines.append(Line((Word(word.text, 1.0, polygon),), polygon))
    rotation = 90 * max(range(4), key=directions.__getitem__)
    return Reading(tuple(lines), rotation)


def _without_boxes(lines: Sequence[TextLine]) -> tuple[list[TextLine], list[TextWord]]:
    """Lines less the boxes to tick among their words, and these."""
    kept: list[TextLine] = []
    boxes: list[TextWord] = []
    for line in lines:
        words: list[TextWord] = []
        for word in line.words:
            (boxes if word.text in EMPTY_BOXES or word.text in TICKED_BOXES else words).append(word)
        if words:
            kept.append(TextLine(tuple(words)))
    return kept, boxes


def _upright(width: int, height: int, rotation: int, skew: float) -> tuple[npt.NDArray[np.float64], tuple[int, int]]:
    """Page pixels -> sheet pixels, and the sheet's (width, height)."""
    scale = min(1.0, math.sqrt(MAX_PIXELS / (width * height)))
    angle = math.radians(-(rotation + skew))
    cos, sin = math.cos(angle), math.sin(angle)
    turn = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]]) @ np.diag([scale, scale, 1.0])
    points = transform(turn, corners(Box(0, 0, width, height)))
    left, top = points.min(axis=0)
    right, bottom = points.max(axis=0)
    shift = np.array([[1.0, 0.0, -left], [0.0, 1.0, -top], [0.0, 0.0, 1.0]])
    return shift @ turn, (max(1, round(right - left)), max(1, round(bottom - top)))


def _skew(lines: Sequence[Line], rotation: int) -> float:
    """Degrees clockwise by which the lines are turned besides ``rotation``: a median weighted by length."""
    angles, lengths = [], []
    for line in lines:
        along = line.polygon[1] - line.polygon[0]
        length = float(np.hypot(*along))
        angle = (math.degrees(math.atan2(float(along[1]), float(along[0]))) - rotation + 180) % 360 - 180
        if abs(angle) < 40 and len(line.text) >= 4:
            angles.append(angle)
            lengths.append(length)
    if not angles:
        return 0.0
    order = np.argsort(angles)
    weights = np.cumsum(np.array(lengths)[order])
    skew = float(np.array(angles)[order][int(np.searchsorted(weights, weights[-1] / 2))])
    return skew if abs(skew) >= MIN_SKEW else 0.0


def _line(line: Line, matrix: npt.NDArray[np.float64], width: int, height: int) -> TextLine:
    words = []
    for word in line.words:
        points = transform(matrix, word.polygon)
        along = points[1] - points[0]
        level = abs(along[1]) <= abs(along[0]) and along[0] > 0
        shares = (word.polygon / np.array([width, height])).clip(0, 1)
        words.append(TextWord(word.text, word.confidence, _bounds(points), shares.astype(np.float64), level))
    return TextLine(tuple(words))


def _bounds(points: npt.NDArray[np.float64]) -> Box:
    left, top = points.min(axis=0)
    right, bottom = points.max(axis=0)
    return Box(float(left), float(top), float(right), float(bottom))


def crop(pixels: Pixels, box: tuple[float, float, float, float]) -> tuple[Pixels, tuple[int, int]]:
    """The part of ``pixels`` inside ``box`` (shares of the page) and where its upper left pixel lies."""
    height, width = pixels.shape[:2]
    left, top = int(box[0] * width), int(box[1] * height)
    right, bottom = math.ceil(box[2] * width), math.ceil(box[3] * height)
    return np.ascontiguousarray(pixels[top:bottom, left:right]), (left, top)
