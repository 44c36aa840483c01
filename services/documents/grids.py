"""Grids of ruled tables: which rules meet, and which cells of the grid the drawing keeps apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.documents.rules import Rules
from shared.media.boxes import Box


@dataclass(frozen=True, slots=True)
class Grid:
    """Edges of rows and columns in pixels, ascending, and groups of grid places that form one cell.

    ``merged`` holds rectangles (row, column, row_span, column_span), counted from 0, of more than one place.
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    merged: tuple[tuple[int, int, int, int], ...]
    #: Share of the outer and inner edges that are drawn, 0..1.
    drawn: float

    @property
    def box(self) -> Box:
        return Box(self.xs[0], self.ys[0], self.xs[-1], self.ys[-1])


def find_grids(rules: Rules, tolerance: float) -> list[Grid]:
    """One grid for each set of rules that touch one another; ``tolerance`` in pixels (about half a text height)."""
    grids = []
    for level, upright in _connected(rules, tolerance):
        level, upright = _anchored(level, upright, tolerance)
        if not level or not upright:
            continue
        xs = _positions([box.center_x for box in upright], tolerance)
        ys = _positions([box.center_y for box in level], tolerance)
        # Tables without an outer frame: where most rules of the other direction end, there is an edge all the same.
        xs = _with_open_ends(xs, [(box.left, box.right) for box in level], 2 * tolerance)
        ys = _with_open_ends(ys, [(box.top, box.bottom) for box in upright], 2 * tolerance)
        if len(xs) < 2 or len(ys) < 2 or len(xs) * len(ys) > 20_000:
            continue
        grids.append(_grid(xs, ys, level, upright, tolerance))
    return grids


def _connected(rules: Rules, tolerance: float) -> list[tuple[list[Box], list[Box]]]:
    """Rules grouped by touching (union-find over crossings of a level with an upright rule)."""
    boxes = [*rules.level, *rules.upright]
    parent = list(range(len(boxes)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for i, level in enumerate(rules.level):
        near = level.grown(tolerance)
        for j, upright in enumerate(rules.upright, start=len(rules.level)):
            if near.overlap_x(upright) >= 0 and near.overlap_y(upright) >= 0:
                parent[root(i)] = root(j)
    groups: dict[int, tuple[list[Box], list[Box]]] = {}
    for index, box in enumerate(boxes):
        level_group, upright_group = groups.setdefault(root(index), ([], []))
        (level_group if index < len(rules.level) else upright_group).append(box)
    return list(groups.values())


def _anchored(level: list[Box], upright: list[Box], tolerance: float) -> tuple[list[Box], list[Box]]:
    """The rules that belong to the grid: the stems of large letters and underlines do not."""
    for _ in range(3):
        kept = [box for box in upright if _is_anchored(box, level, tolerance)]
        kept_level = [
            box
            for box in level
            if _touches(kept, box.left, box.center_y, tolerance) or _touches(kept, box.right, box.center_y, tolerance)
        ]
        if len(kept) == len(upright) and len(kept_level) == len(level):
            break
        level, upright = kept_level, kept
    return level, upright


def _is_anchored(upright: Box, level: Sequence[Box], tolerance: float) -> bool:
    """Whether an upright rule ends at level rules, or crosses two of them."""
    crossed = [
        rule.center_y
        for rule in level
        if rule.left - tolerance <= upright.center_x <= rule.right + tolerance
        and upright.top - tolerance <= rule.center_y <= upright.bottom + tolerance
    ]
    ends = all(_touches(level, upright.center_x, y, tolerance) for y in (upright.top, upright.bottom))
    # The stem of a letter in a tight row reaches across both of the row's rules too; it is short.
    return ends or (len(crossed) >= 2 and upright.height > 8 * tolerance)


def _touches(rules: Sequence[Box], x: float, y: float, tolerance: float) -> bool:
    """Whether a point lies on one of ``rules``, give or take ``tolerance``."""
    return any(
        rule.left - tolerance <= x <= rule.right + tolerance and rule.top - tolerance <= y <= rule.bottom + tolerance
        for rule in rules
    )


def _positions(values: Sequence[float], tolerance: float) -> list[float]:
    """Distinct positions: values nearer than ``tolerance`` are one."""
    groups: list[list[float]] = []
    for value in sorted(values):
        if groups and value - groups[-1][-1] <= tolerance:
            groups[-1].append(value)
        else:
            groups.append([value])
    return [sum(group) / len(group) for group in groups]


def _with_open_ends(positions: list[float], spans: Sequence[tuple[float, float]], tolerance: float) -> list[float]:
    """``positions`` and the common ends of ``spans`` beyond them, if most spans reach there."""
    if not positions or not spans:
        return positions
    low, high = min(a for a, _ in spans), max(b for _, b in spans)
    result = list(positions)
    if low < positions[0] - tolerance and sum(a <= low + tolerance for a, _ in spans) >= 0.6 * len(spans):
        result.insert(0, low)
    if high > positions[-1] + tolerance and sum(b >= high - tolerance for _, b in spans) >= 0.6 * len(spans):
        result.append(high)
    return result


def _grid(xs: list[float], ys: list[float], level: list[Box], upright: list[Box], tolerance: float) -> Grid:
    rows, columns = len(ys) - 1, len(xs) - 1

    def above(row: int, column: int) -> bool:
        """Whether the upper edge of a place is drawn (row may be ``rows``: the lower edge of the last)."""
        return _covered(level, ys[row], (xs[column], xs[column + 1]), tolerance, along_x=True)

    def left_of(row: int, column: int) -> bool:
        return _covered(upright, xs[column], (ys[row], ys[row + 1]), tolerance, along_x=False)

    parent = list(range(rows * columns))

    def root(index: int) -> int:
        while parent[index] != index:
            index = parent[index]
        return index

    drawn = 0
    for row in range(rows):
        for column in range(columns):
            if above(row, column):
                drawn += 1
            elif row > 0:
                parent[root(row * columns + column)] = root((row - 1) * columns + column)
            if left_of(row, column):
                drawn += 1
            elif column > 0:
                parent[root(row * columns + column)] = root(row * columns + column - 1)
    groups: dict[int, list[tuple[int, int]]] = {}
    for index in range(rows * columns):
        groups.setdefault(root(index), []).append(divmod(index, columns))
    merged = []
    for places in groups.values():
        top, left = min(row for row, _ in places), min(column for _, column in places)
        bottom, right = max(row for row, _ in places), max(column for _, column in places)
        # Places that form no rectangle are a drawing with holes, not a cell: they stay apart.
        if len(places) > 1 and len(places) == (bottom - top + 1) * (right - left + 1):
            merged.append((top, left, bottom - top + 1, right - left + 1))
    return Grid(tuple(xs), tuple(ys), tuple(sorted(merged)), drawn / (2 * rows * columns))


def _covered(
    rules: Sequence[Box], position: float, span: tuple[float, float], tolerance: float, *, along_x: bool
) -> bool:
    """Whether rules at ``position`` cover most of ``span``."""
    start, end = span
    covered = 0.0
    for rule in rules:
        center = rule.center_y if along_x else rule.center_x
        if abs(center - position) <= tolerance:
            low, high = (rule.left, rule.right) if along_x else (rule.top, rule.bottom)
            covered += max(0.0, min(high, end) - max(low, start))
    return covered >= 0.6 * (end - start)
