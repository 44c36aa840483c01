"""Reading order: a sheet cut into columns and bands (recursive XY-cut, Nagy and Seth 1984)."""

from __future__ import annotations

from collections.abc import Sequence

from services.documents.lines import TextLine, by_rows

#: A gutter between columns is at least this many text heights wide ...
GUTTER = 1.1
#: ... and each column at least this many tall and wide.
MIN_COLUMN_HEIGHT = 2.5
MIN_COLUMN_WIDTH = 5.0
MAX_DEPTH = 40


def reading_order(lines: Sequence[TextLine], text_height: float, depth: int = 0) -> list[list[TextLine]]:
    """Groups of lines that belong to one column, in the order in which people read them."""
    if len(lines) <= 1 or depth >= MAX_DEPTH:
        return [list(lines)] if lines else []
    split = _gutter(lines, text_height)
    if split is not None:
        left = [line for line in lines if line.box.center_x < split]
        right = [line for line in lines if line.box.center_x >= split]
        return [*reading_order(left, text_height, depth + 1), *reading_order(right, text_height, depth + 1)]
    bands = _bands(lines)
    if len(bands) > 1:
        cut = _cut_for_columns(bands, text_height)
        if cut is not None:
            above = [line for band in bands[:cut] for line in band]
            below = [line for band in bands[cut:] for line in band]
            return [*reading_order(above, text_height, depth + 1), *reading_order(below, text_height, depth + 1)]
    return [by_rows(lines)]


def _bands(lines: Sequence[TextLine]) -> list[list[TextLine]]:
    """Lines in level bands that no line crosses."""
    bands: list[list[TextLine]] = []
    bottom = 0.0
    for line in sorted(lines, key=lambda line: line.box.top):
        # Boxes of neighbouring lines overlap a little where letters reach down.
        if bands and line.box.top < bottom - 0.35 * line.box.height:
            bands[-1].append(line)
            bottom = max(bottom, line.box.bottom)
        else:
            bands.append([line])
            bottom = line.box.bottom
    return bands


def _cut_for_columns(bands: Sequence[Sequence[TextLine]], text_height: float) -> int | None:
    """Before which band to cut so that the larger part has columns; None where no cut brings any."""
    for cut in range(1, len(bands)):
        if _gutter([line for band in bands[cut:] for line in band], text_height) is not None:
            # Go on as long as the part above has no gutter of its own.
            return cut
    for cut in range(len(bands) - 1, 0, -1):
        if _gutter([line for band in bands[:cut] for line in band], text_height) is not None:
            return cut
    for start in range(1, len(bands) - 1):
        # Columns between a head and a foot that both span the page.
        for end in range(len(bands) - 1, start + 1, -1):
            if end - start < 3:
                break
            if _gutter([line for band in bands[start:end] for line in band], text_height) is not None:
                return start
    return None


def _gutter(lines: Sequence[TextLine], text_height: float) -> float | None:
    """The x in the middle of the widest gutter with enough text on both sides."""
    ordered = sorted(lines, key=lambda line: line.box.left)
    best: tuple[float, float] | None = None
    right = ordered[0].box.right if ordered else 0.0
    for line in ordered[1:]:
        gap = line.box.left - right
        if gap >= GUTTER * text_height and (best is None or gap > best[0]):
            middle = right + gap / 2
            sides = ([x for x in lines if x.box.center_x < middle], [x for x in lines if x.box.center_x >= middle])
            if all(_is_column(side, text_height) for side in sides):
                best = (gap, middle)
        right = max(right, line.box.right)
    return best[1] if best else None


def _is_column(lines: Sequence[TextLine], text_height: float) -> bool:
    if len(lines) < 2:
        return False
    tall = max(line.box.bottom for line in lines) - min(line.box.top for line in lines)
    wide = max(line.box.right for line in lines) - min(line.box.left for line in lines)
    return tall >= MIN_COLUMN_HEIGHT * text_height and wide >= MIN_COLUMN_WIDTH * text_height
