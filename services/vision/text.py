"""Text in images: the lines and words of an OCR engine, filtered as DetectText's callers ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shared.rpc.call import Priority
from shared.runtime.runtime import Runtime
from shared.tasks.reading import Line, Picture, Polygon, Reading, Word, enclosing

#: The task of the engines that the documents service brings.
RECOGNIZE_TEXT = "recognize-text"
#: Rekognition's.
MAX_WORDS = 100
DEFAULT_WORD_CONFIDENCE = 80.0

#: Points (n, 2) of a region, as ratios of the image's width and height.
Region = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WordFilter:
    """Words below any of these are left out: confidence 0..100; height and width as ratios of the image's."""

    min_confidence: float = DEFAULT_WORD_CONFIDENCE
    min_height: float = 0.0
    min_width: float = 0.0


@dataclass(frozen=True, slots=True)
class TextWish:
    """What a caller wants to see; no regions = the whole image."""

    word_filter: WordFilter | None = None
    regions: Sequence[Region] = ()


class TextDetector:
    """Reads pictures with the best installed engine of ``recognize-text``."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def detect(self, picture: Picture, wish: TextWish, priority: Priority) -> tuple[Sequence[Line], str]:
        """Lines with the words that pass the filters, 100 words at most, and the engine's model."""
        async with await self._runtime.lease(RECOGNIZE_TEXT) as lease:
            reading: Reading = (await lease.run([picture], priority))[0]
            height, width = picture.pixels.shape[:2]
            return filtered(in_order(reading.lines), wish, (width, height)), lease.model.id


def in_order(lines: Sequence[Line]) -> Sequence[Line]:
    """From top to bottom, and from left to right where lines stand beside one another by half their height."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: float(line.polygon[:, 1].mean())):
        top, bottom = line.polygon[:, 1].min(), line.polygon[:, 1].max()
        if rows:
            first = rows[-1][0].polygon[:, 1]
            shared = min(bottom, first.max()) - max(top, first.min())
            if shared > 0.5 * min(bottom - top, first.max() - first.min()):
                rows[-1].append(line)
                continue
        rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: float(line.polygon[:, 0].min()))]


def filtered(lines: Sequence[Line], wish: TextWish, size: tuple[int, int]) -> Sequence[Line]:
    """``lines`` with the words that pass; those that lose all words are gone. ``size``: width, height in pixels."""
    kept: list[Line] = []
    left = MAX_WORDS
    for line in lines:
        words = [word for word in line.words if _passes(word, wish, size)][:left]
        left -= len(words)
        if len(words) == len(line.words):
            kept.append(line)
        elif words:
            kept.append(Line(tuple(words), enclosing([word.polygon for word in words])))
    return kept


def _passes(word: Word, wish: TextWish, size: tuple[int, int]) -> bool:
    polygon = word.polygon.astype(np.float64) / np.asarray(size, dtype=np.float64)
    wanted = wish.word_filter
    if wanted is not None:
        width, height = polygon.max(axis=0) - polygon.min(axis=0)
        if word.confidence * 100 < wanted.min_confidence or width < wanted.min_width or height < wanted.min_height:
            return False
    return not wish.regions or any(share_within(polygon, region) > 0.5 for region in wish.regions)


def share_within(word: npt.NDArray[np.float64], region: Region) -> float:
    """How much of the area of a word's convex outline lies in a region of whatever shape, 0..1.

    The region is clipped at the edges of the outline (Sutherland and Hodgman, "Reentrant polygon clipping", 1974); the
    edges that this leaves between the parts of a concave region have no area.
    """
    whole = abs(_area(word))
    if whole == 0:
        return 0.0
    outline = word if _area(word) > 0 else word[::-1]
    clipped = [(float(x), float(y)) for x, y in region]
    for begin, end in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        clipped = _clip(clipped, begin, end)
        if not clipped:
            return 0.0
    return min(1.0, abs(_area(np.array(clipped))) / whole)


def _clip(
    points: Sequence[tuple[float, float]], begin: npt.NDArray[np.float64], end: npt.NDArray[np.float64]
) -> list[tuple[float, float]]:
    """``points`` as far as they lie to the inner side of the edge from ``begin`` to ``end``."""

    def side(point: tuple[float, float]) -> float:
        return float((end[0] - begin[0]) * (point[1] - begin[1]) - (end[1] - begin[1]) * (point[0] - begin[0]))

    result: list[tuple[float, float]] = []
    for current, following in zip(points, [*points[1:], points[0]], strict=True):
        here, there = side(current), side(following)
        if here >= 0:
            result.append(current)
        if (here < 0) != (there < 0):
            share = here / (here - there)
            result.append(
                (current[0] + share * (following[0] - current[0]), current[1] + share * (following[1] - current[1]))
            )
    return result


def _area(points: npt.NDArray[np.float64] | Polygon) -> float:
    """The shoelace formula: positive where the points go round as x to y."""
    x, y = points[:, 0], points[:, 1]
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
