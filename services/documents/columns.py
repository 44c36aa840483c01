"""Tables without rules: rows of text whose pieces stand under one another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.documents.lines import TextLine
from services.documents.rules import Rules
from shared.media.boxes import Box, union

#: Rows further apart than this many text heights belong to different tables.
MAX_ROW_GAP = 2.6
MIN_ROWS = 3
#: Share of the rows that may cross a gap between columns (spanning headers, titles inside a table).
CROSSING = 0.12
#: A gap between columns is at least this many text heights wide.
MIN_COLUMN_GAP = 0.45
NUMBER = re.compile(r"\d")
CAPTION = re.compile(r"^(table|tabelle|tableau|tabla|tabela|tabella|tab\.)\W*[\dIVX]", re.IGNORECASE)
#: What stands before the entries of a list.
ENUMERATOR = re.compile(r"^(\(?[\dA-Za-z]{1,2}[.)]|[•·●○■▪–—*o\-]|[ivxIVX]+[.)])$")


@dataclass(frozen=True, slots=True)
class Aligned:
    """Edges of rows and columns, merged places (row, column, row_span, column_span from 0), and how neat it is."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    merged: tuple[tuple[int, int, int, int], ...]
    #: Share of the pieces of text that keep to one column, 0..1.
    neatness: float


@dataclass(eq=False)
class _Row:
    lines: list[TextLine]

    @property
    def box(self) -> Box:
        return union(line.box for line in self.lines)


def find_aligned(lines: Sequence[TextLine], rules: Rules, text_height: float, width: int) -> list[Aligned]:
    """Tables among ``lines`` (of one sheet, ``width`` pixels wide)."""
    found = []
    for block in _blocks(_rows([line for line in lines if line.level]), text_height):
        table = _aligned(block, rules, text_height, width)
        pieces = sorted(len(row.lines) for row in block)
        # Few columns where many rows have many pieces: a table with something else above or below it.
        usual = pieces[-3]
        if usual >= 4 and (table is None or len(table.xs) - 1 < 0.6 * usual):
            parts = [_aligned(part, rules, text_height, width) for part in _dense_parts(block, usual)]
            tables = [part for part in parts if part is not None]
            found.extend(tables or ([table] if table is not None else []))
        elif table is not None:
            found.append(table)
    return found


def _dense_parts(block: Sequence[_Row], usual: int) -> list[list[_Row]]:
    """Runs of rows with at least half the ``usual`` number of pieces, up to three thinner rows in between."""
    parts: list[list[_Row]] = [[]]
    thin: list[_Row] = []
    for row in block:
        if len(row.lines) >= max(3, usual // 2):
            if len(thin) > 3:
                parts.append([])
            elif parts[-1]:
                parts[-1].extend(thin)
            parts[-1].append(row)
            thin = []
        else:
            thin.append(row)
    return [part for part in parts if len(part) >= MIN_ROWS]


def _rows(lines: Sequence[TextLine]) -> list[_Row]:
    rows: list[_Row] = []
    for line in sorted(lines, key=lambda line: line.box.center_y):
        for row in rows[-3:]:
            overlap = row.box.overlap_y(line.box)
            if overlap > 0.5 * min(row.box.height, line.box.height):
                row.lines.append(line)
                break
        else:
            rows.append(_Row([line]))
    for row in rows:
        row.lines.sort(key=lambda line: line.box.left)
    return rows


def _blocks(rows: Sequence[_Row], text_height: float) -> list[list[_Row]]:
    """Runs of rows that may form a table: near one another, most of them in several pieces."""
    blocks: list[list[_Row]] = []
    current: list[_Row] = []
    singles = 0
    for row in rows:
        near = not current or row.box.top - current[-1].box.bottom <= MAX_ROW_GAP * text_height
        several = len(row.lines) >= 2
        if not near:
            blocks.append(current)
            current, singles = [], 0
        if several:
            current.append(row)
            singles = 0
        elif current:
            # A wrapped cell or a spanning title interrupts a table for two rows at most.
            singles += 1
            current.append(row)
            if singles > 2:
                blocks.append(current)
                current, singles = [], 0
    blocks.append(current)
    trimmed = []
    for block in blocks:
        while block and len(block[-1].lines) < 2:
            block = block[:-1]
        while block and CAPTION.match(" ".join(line.text for line in block[0].lines)):
            block = block[1:]
        if sum(len(row.lines) >= 2 for row in block) >= MIN_ROWS:
            trimmed.append(block)
    return trimmed


def _aligned(block: Sequence[_Row], rules: Rules, text_height: float, width: int) -> Aligned | None:
    box = union(row.box for row in block)
    several = [row for row in block if len(row.lines) >= 2]
    cover = _cover(several, box)
    gaps = _gaps(cover <= CROSSING * len(several), MIN_COLUMN_GAP * text_height)
    if not gaps:
        return None
    xs = (box.left, *(box.left + (a + b) / 2 for a, b in gaps), box.right)
    columns = len(xs) - 1
    pieces = [line for row in several for line in row.lines]
    if _is_prose(several, xs, columns) or _is_list(several, xs, columns) or _is_form(several, xs, columns):
        return None
    crossing = [line for line in pieces if len(_columns_of(line, xs, text_height)) > 1]
    neatness = 1 - len(crossing) / len(pieces)
    filled = np.array([[bool(_in_column(row, xs, c)) for c in range(columns)] for row in several])
    if neatness < 0.6 or filled.mean() < 0.45 or (filled.sum(axis=0) < 2).sum() > columns // 2:
        return None
    starts = _row_starts(block, xs, columns, text_height)
    if len(starts) < 2:
        return None
    ys = [box.top]
    for start in starts[1:]:
        above = max(row.box.bottom for row in block[:start])
        ys.append((above + block[start].box.top) / 2)
    ys.append(box.bottom)
    merged = []
    for line in crossing:
        spanned = _columns_of(line, xs, text_height)
        row = int(np.searchsorted(ys, line.box.center_y)) - 1
        others = [other for other in pieces if other is not line and ys[row] <= other.box.center_y < ys[row + 1]]
        if all(not set(_columns_of(other, xs, text_height)) & set(spanned) for other in others):
            merged.append((row, spanned[0], 1, len(spanned)))
    pad = 0.2 * text_height
    xs = (xs[0] - pad, *xs[1:-1], xs[-1] + pad)
    ys = [ys[0] - pad, *ys[1:-1], ys[-1] + pad]
    return Aligned(tuple(xs), tuple(ys), tuple(merged), neatness * (0.5 + 0.5 * float(filled.mean())))


def _cover(rows: Sequence[_Row], box: Box) -> npt.NDArray[np.int64]:
    """For each pixel column of ``box``, how many rows have text over it."""
    cover = np.zeros(int(box.width) + 2, dtype=np.int64)
    for row in rows:
        seen = np.zeros_like(cover, dtype=bool)
        for line in row.lines:
            seen[max(0, int(line.box.left - box.left)) : int(line.box.right - box.left) + 1] = True
        cover += seen
    return cover


def _gaps(free: npt.NDArray[np.bool_], minimum: float) -> list[tuple[int, int]]:
    """Runs of True inside the array (not at its ends) of at least ``minimum``."""
    edges = np.diff(np.concatenate(([False], free, [False])).astype(np.int8))
    starts, ends = (edges == 1).nonzero()[0], (edges == -1).nonzero()[0]
    return [
        (int(a), int(b)) for a, b in zip(starts, ends, strict=True) if b - a >= minimum and a > 0 and b < len(free) - 1
    ]


def _columns_of(line: TextLine, xs: Sequence[float], text_height: float) -> list[int]:
    """Columns that a piece of text lies over by more than half a text height."""
    box = line.box
    covered = [
        i
        for i in range(len(xs) - 1)
        if min(box.right, xs[i + 1]) - max(box.left, xs[i]) > min(0.5 * text_height, 0.5 * box.width)
    ]
    return covered or [max(0, int(np.searchsorted(xs, box.center_x)) - 1)]


def _in_column(row: _Row, xs: Sequence[float], column: int) -> list[TextLine]:
    return [line for line in row.lines if xs[column] <= line.box.center_x < xs[column + 1]]


def _is_prose(rows: Sequence[_Row], xs: Sequence[float], columns: int) -> bool:
    """Whether the columns are newspaper columns: long pieces that fill their column, few numbers."""
    cells: dict[tuple[int, int], list[TextLine]] = {}
    for index, row in enumerate(rows):
        for column in range(columns):
            held = _in_column(row, xs, column)
            if held:
                cells[index, column] = held
    words = [word for held in cells.values() for line in held for word in line.words]
    filling = [
        sum(line.box.width for line in held) / max(1.0, xs[column + 1] - xs[column])
        for (_, column), held in cells.items()
    ]
    numbers = sum(bool(NUMBER.search(word.text)) for word in words) / max(1, len(words))
    return len(words) > 3.5 * len(cells) and float(np.median(filling)) > 0.5 and numbers < 0.25


def _is_list(rows: Sequence[_Row], xs: Sequence[float], columns: int) -> bool:
    """Whether the first of two columns holds bullets or numerals only."""
    first = [line.text for row in rows for line in _in_column(row, xs, 0)]
    return columns == 2 and sum(bool(ENUMERATOR.match(text)) for text in first) > 0.6 * max(1, len(first))


def _is_form(rows: Sequence[_Row], xs: Sequence[float], columns: int) -> bool:
    """Whether keys that end with a colon and their values alternate: "Name:" "Ada" | "City:" "London"."""
    if columns % 2:
        return False
    keys = [line.text for row in rows for column in range(0, columns, 2) for line in _in_column(row, xs, column)]
    return sum(text.endswith((":", "：")) for text in keys) >= 0.6 * max(1, len(keys))


def _row_starts(block: Sequence[_Row], xs: Sequence[float], columns: int, text_height: float) -> list[int]:
    """Indices of rows that begin a row of the table; the others continue the wrapped text of the one above."""
    starts = []
    for index, row in enumerate(block):
        filled = sum(bool(_in_column(row, xs, column)) for column in range(columns))
        gap = row.box.top - block[index - 1].box.bottom if index else text_height
        first = bool(_in_column(row, xs, 0))
        if index == 0 or filled >= max(2, 0.5 * columns) or (first and gap > 0.35 * text_height):
            starts.append(index)
    return starts
