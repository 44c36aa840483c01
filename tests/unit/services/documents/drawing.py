"""Sheets drawn for tests: text at known places, rules and boxes, no OCR in between."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from services.documents.sheets import Sheet, lift
from shared.media.documents import Page
from shared.tasks.reading import Line, Pixels, Polygon, Reading, Word

#: Width of a character and height of a word, pixels.
CHARACTER, HEIGHT = 12, 20


@dataclass
class Drawing:
    """A white page; text is put by its upper left corner."""

    width: int = 1000
    height: int = 1400
    words: list[Word] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pixels: Pixels = np.full((self.height, self.width, 3), 255, dtype=np.uint8)

    def text(self, x: int, y: int, text: str, *, size: float = 1.0, confidence: float = 0.9) -> Drawing:
        """Words from (x, y) to the right, a character's width apart."""
        position = float(x)
        for part in text.split():
            right = position + CHARACTER * size * len(part)
            box = [[position, y], [right, y], [right, y + HEIGHT * size], [position, y + HEIGHT * size]]
            self.words.append(Word(part, confidence, np.array(box, dtype=np.float32)))
            # Ink that no rule or mark is made of: a block for each letter, set apart.
            for letter in range(len(part)):
                start = int(position + CHARACTER * size * letter)
                self.pixels[int(y + 3 * size) : int(y + 17 * size), start + 2 : start + int(8 * size)] = 60
            position = right + CHARACTER * size
        return self

    def rule(self, left: int, top: int, right: int, bottom: int) -> Drawing:
        """A black rule two pixels thick."""
        cv2.line(self.pixels, (left, top), (right, bottom), (0, 0, 0), 2)
        return self

    def grid(self, xs: list[int], ys: list[int]) -> Drawing:
        """A ruled grid."""
        for x in xs:
            self.rule(x, ys[0], x, ys[-1])
        for y in ys:
            self.rule(xs[0], y, xs[-1], y)
        return self

    def mark(self, x: int, y: int, *, ticked: bool) -> Drawing:
        """A box of 22 pixels, crossed out if ``ticked``."""
        cv2.rectangle(self.pixels, (x, y), (x + 22, y + 22), (0, 0, 0), 2)
        if ticked:
            cv2.line(self.pixels, (x + 4, y + 4), (x + 18, y + 18), (0, 0, 0), 3)
            cv2.line(self.pixels, (x + 18, y + 4), (x + 4, y + 18), (0, 0, 0), 3)
        return self

    def page(self) -> Page:
        return Page(1, self.pixels)

    def reading(self) -> Reading:
        """One word a line: grouping is up to the code under test."""
        return Reading(tuple(Line((word,), word.polygon) for word in self.words))

    def sheet(self) -> Sheet:
        return lift(self.page(), self.reading())


def turned(polygon: Polygon, width: int, height: int, degrees: int) -> Polygon:
    """``polygon`` of a page of ``width`` x ``height`` after the page was turned clockwise."""
    x, y = polygon[:, 0], polygon[:, 1]
    points = {0: (x, y), 90: (height - y, x), 180: (width - x, height - y), 270: (y, width - x)}[degrees]
    return np.stack(points, axis=1).astype(np.float32)
