"""Tables: ruled ones from their grid, others from the alignment of their text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.documents.columns import CAPTION, Aligned, find_aligned
from services.documents.grids import Grid, find_grids
from services.documents.lines import TextLine, TextWord
from services.documents.sheets import Sheet
from shared.media.boxes import Box, union

NUMERIC = re.compile(r"^[(\[$€£]?[-+–]?[\d.,:/%]+[)\]%]?$")
#: How often neatly aligned text is a table. An estimate: of four that were found in the pictures with real Textract
#: answers, three overlap one of its tables by 0.3 (intersection over union) or more.
UNRULED_RELIABILITY = 0.75
FOOTNOTE = re.compile(r"^(\*|†|note[s:]|source|\d[A-Z ]|¹|²)", re.IGNORECASE)


@dataclass(frozen=True, eq=False, slots=True)
class Cell:
    """One place of a table's grid, counted from 1, with the words that stand in it."""

    row: int
    column: int
    box: Box
    words: tuple[TextWord, ...] = ()
    header: bool = False

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, eq=False, slots=True)
class MergedCell:
    """A rectangle of places that is one cell to the eye."""

    row: int
    column: int
    row_span: int
    column_span: int


@dataclass(frozen=True, eq=False, slots=True)
class Table:
    """A table. ``confidence`` 0..1: how much of the grid is drawn, or how well its text keeps to columns."""

    box: Box
    cells: tuple[Cell, ...]
    merged: tuple[MergedCell, ...]
    confidence: float
    #: Whether the table has a row of column headers over rows of values.
    headed: bool
    title: TextLine | None = None
    footers: tuple[TextLine, ...] = field(default=())
    #: Whether its grid is drawn.
    ruled: bool = False

    @property
    def structured(self) -> bool:
        """Whether rows, columns and headers are beyond doubt: drawn, not guessed from how the text stands."""
        return self.headed and self.ruled

    def outlines(self) -> list[Box]:
        """A box for each cell as the eye sees it: merged ones whole."""
        covered: set[tuple[int, int]] = set()
        boxes: list[Box] = []
        places = {(cell.row, cell.column): cell.box for cell in self.cells}
        for merged in self.merged:
            span = [
                (row, column)
                for row in range(merged.row, merged.row + merged.row_span)
                for column in range(merged.column, merged.column + merged.column_span)
            ]
            covered.update(span)
            boxes.append(union(places[place] for place in span))
        boxes.extend(box for place, box in places.items() if place not in covered)
        return boxes

    def cell(self, row: int, column: int) -> Cell | None:
        """The place at (row, column), counted from 1."""
        for cell in self.cells:
            if cell.row == row and cell.column == column:
                return cell
        return None


def find_tables(sheet: Sheet) -> list[Table]:
    """The tables of a sheet, from top to bottom."""
    height = sheet.text_height
    tables: list[Table] = []
    for grid in sorted(find_grids(sheet.rules, height * 0.5), key=lambda grid: -grid.box.area):
        if any(table.box.holds(grid.box, 0.6) for table in tables):
            continue
        table = _ruled(sheet, grid)
        if table is not None:
            tables.append(table)
    free = [line for line in sheet.lines if not any(table.box.holds(line.box, 0.4) for table in tables)]
    for aligned in find_aligned(free, sheet.rules, height, sheet.width):
        tables.append(_unruled(sheet, aligned))
    return sorted(tables, key=lambda table: (table.box.top, table.box.left))


def _ruled(sheet: Sheet, grid: Grid) -> Table | None:
    """The table of one grid, or None where the drawing is no table (a frame, a form's line, a figure)."""
    words = [word for word in sheet.words if grid.box.holds(word.box)]
    rows, columns = len(grid.ys) - 1, len(grid.xs) - 1
    if not words or rows * columns < 2 or grid.drawn < 0.25:
        return None
    inside = [line for line in sheet.lines if grid.box.holds(line.box)]
    for aligned in find_aligned(inside, sheet.rules, sheet.text_height, sheet.width):
        # A frame around a table, or rules between groups of columns only: the text tells more than the drawing.
        if len(aligned.xs) - 1 >= columns + 2 and aligned.neatness > 0.6 and _bounded(aligned, grid.box):
            return _unruled(sheet, aligned)
    ys, merged = _split_rows(sheet, grid)
    table = _table(sheet, grid.xs, ys, merged, min(1.0, 0.3 + 0.7 * grid.drawn), ruled=True)
    cells = (len(ys) - 1) * columns - sum(m.row_span * m.column_span - 1 for m in table.merged)
    filled = sum(bool(cell.words) for cell in table.cells)
    if cells < 4 or filled < 3 or columns < 2:
        return None
    return table


def _unruled(sheet: Sheet, aligned: Aligned) -> Table:
    confidence = UNRULED_RELIABILITY * aligned.neatness
    return _table(sheet, aligned.xs, aligned.ys, list(aligned.merged), confidence)


def _bounded(aligned: Aligned, box: Box) -> bool:
    """Whether aligned text fills most of ``box``."""
    area = (aligned.xs[-1] - aligned.xs[0]) * (aligned.ys[-1] - aligned.ys[0])
    return area > 0.6 * box.area


def _split_rows(sheet: Sheet, grid: Grid) -> tuple[list[float], list[tuple[int, int, int, int]]]:
    """Rows of the grid cut again where one ruled row holds several rows of text side by side."""
    columns = len(grid.xs) - 1
    spanned = {row for top, _, rows, _ in grid.merged for row in range(top, top + rows) if rows > 1}
    ys: list[float] = [grid.ys[0]]
    #: First new row of each old one.
    starts: list[int] = [0]
    for row in range(len(grid.ys) - 1):
        top, bottom = grid.ys[row], grid.ys[row + 1]
        if row not in spanned and columns >= 2 and bottom - top > 2.6 * sheet.text_height:
            band = Box(grid.xs[0], top, grid.xs[-1], bottom)
            ys.extend(_cuts([line for line in sheet.lines if band.holds(line.box)], grid.xs))
        ys.append(bottom)
        starts.append(len(ys) - 1)
    merged: list[tuple[int, int, int, int]] = []
    for top, left, rows, spans in grid.merged:
        first, after = starts[top], starts[top + rows]
        if rows == 1:
            merged.extend((new, left, 1, spans) for new in range(first, after))
        else:
            merged.append((first, left, after - first, spans))
    return ys, merged


def _cuts(lines: Sequence[TextLine], xs: Sequence[float]) -> list[float]:
    """Where to cut a ruled row that has several rows of text; none where its cells merely hold wrapped text."""
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda line: line.box.center_y):
        if rows and line.box.overlap_y(union(member.box for member in rows[-1])) > 0.5 * line.box.height:
            rows[-1].append(line)
        else:
            rows.append([line])
    if len(rows) < 2:
        return []
    columns = len(xs) - 1

    def filled(row: list[TextLine]) -> set[int]:
        return {i for i in range(columns) for line in row if xs[i] <= line.box.center_x < xs[i + 1]}

    enough = max(2, round(0.6 * columns))
    starters = [index for index, row in enumerate(rows) if len(filled(row)) >= enough]
    # Two wrapped columns have as many lines as well; a table's rows are many, or mostly numbers.
    numeric = sum(bool(NUMERIC.match(word.text)) for line in lines for word in line.words)
    total = sum(len(line.words) for line in lines)
    wordy = numeric < 0.3 * total and (total > 4 * len(lines) or len(starters) < 3)
    if len(starters) < 2 or len(starters) < 0.7 * len(rows) or wordy:
        return []
    return [
        (max(line.box.bottom for line in rows[i - 1]) + min(line.box.top for line in rows[i])) / 2
        for i in starters
        if i > 0
    ]


def _table(
    sheet: Sheet,
    xs: Sequence[float],
    ys: Sequence[float],
    merged: list[tuple[int, int, int, int]],
    confidence: float,
    *,
    ruled: bool = False,
) -> Table:
    rows, columns = len(ys) - 1, len(xs) - 1
    box = Box(xs[0], ys[0], xs[-1], ys[-1])
    contents: dict[tuple[int, int], list[TextWord]] = {}
    cover = {
        (r, c): (top, left, height, width)
        for top, left, height, width in merged
        for r in range(top, top + height)
        for c in range(left, left + width)
    }
    for line in sheet.lines:
        for word in line.words:
            if not box.holds(word.box):
                continue
            place = (_slot(ys, word.box.center_y), _slot(xs, word.box.center_x))
            top, left, _, _ = cover.get(place, (place[0], place[1], 1, 1))
            # The words of a merged cell stay together, in the place where the cell begins.
            contents.setdefault((top, left) if place in cover else place, []).append(word)
    headers = _header_rows(contents, rows, columns)
    cells = [
        Cell(
            row + 1,
            column + 1,
            Box(xs[column], ys[row], xs[column + 1], ys[row + 1]),
            tuple(contents.get((row, column), ())),
            header=row < headers,
        )
        for row in range(rows)
        for column in range(columns)
    ]
    title, footers = _surroundings(sheet, box)
    return Table(
        box=box,
        cells=tuple(cells),
        merged=tuple(MergedCell(top + 1, left + 1, height, width) for top, left, height, width in merged),
        confidence=confidence,
        headed=headers > 0,
        title=title,
        footers=footers,
        ruled=ruled,
    )


def _slot(edges: Sequence[float], value: float) -> int:
    for index in range(len(edges) - 2):
        if value < edges[index + 1]:
            return index
    return len(edges) - 2


def _header_rows(contents: dict[tuple[int, int], list[TextWord]], rows: int, columns: int) -> int:
    """How many rows at the top are headers: words over what is numbers further down, at most three."""
    if rows < 2:
        return 0

    def numeric_share(row: int) -> float:
        words = [word for column in range(1, columns) for word in contents.get((row, column), ())]
        return sum(bool(NUMERIC.match(word.text)) for word in words) / len(words) if words else 0.0

    def filled(row: int) -> int:
        return sum((row, column) in contents for column in range(columns))

    body = [numeric_share(row) for row in range(1, rows)]
    numbers = sorted(body)[len(body) // 2]
    headers = 0
    while headers < min(3, rows - 1) and numeric_share(headers) <= min(0.34, numbers * 0.6):
        headers += 1
        # One row of headers is the rule; more only where the first ones leave places empty under numbers.
        if numbers < 0.3 or filled(headers - 1) >= 0.7 * columns:
            break
    if headers == 0 and filled(0) >= 0.7 * columns and numeric_share(0) == 0:
        headers = 1
    return headers


def _surroundings(sheet: Sheet, box: Box) -> tuple[TextLine | None, tuple[TextLine, ...]]:
    """A caption above and footnotes below, where there are any."""
    height = sheet.text_height
    title: TextLine | None = None
    footers: list[TextLine] = []
    bottom = box.bottom
    for line in sheet.lines:
        if line.box.overlap_x(box) < 0.5 * min(line.box.width, box.width):
            continue
        above = box.top - line.box.bottom
        narrow = line.box.width < 0.7 * box.width and abs(line.box.center_x - box.center_x) < 0.1 * box.width
        if -0.5 * height <= above <= 2.5 * height and (CAPTION.match(line.text) or narrow):
            title = line
        below = line.box.top - bottom
        if -0.5 * height <= below <= 2.0 * height and (FOOTNOTE.match(line.text) or footers):
            footers.append(line)
            bottom = line.box.bottom
    return title, tuple(footers)
