"""The block graph of a page: what clients of the API walk."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from services.documents.analysis import PageAnalysis, Question
from services.documents.forms import KeyValue
from services.documents.layout import Region
from services.documents.lines import TextLine, TextWord
from services.documents.marks import Mark
from services.documents.sheets import Sheet
from services.documents.tables import Table
from shared.media.boxes import Box

#: The page as sent, clockwise from its upper left corner.
PAGE_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def _new_id() -> str:
    return str(uuid.uuid4())


@dataclass(eq=False, slots=True)
class Block:
    """One node. ``confidence`` 0..100; ``polygon``: (4, 2) shares of the page as sent; ids are UUIDs."""

    kind: str
    polygon: npt.NDArray[np.float64] | None = None
    confidence: float | None = None
    text: str | None = None
    text_type: str | None = None
    entity_types: tuple[str, ...] = ()
    row: int | None = None
    column: int | None = None
    row_span: int | None = None
    column_span: int | None = None
    selected: bool | None = None
    question: Question | None = None
    page: int | None = None
    id: str = field(default_factory=_new_id)
    #: Type of relationship -> ids, in the order in which they were added.
    relationships: dict[str, list[str]] = field(default_factory=dict)

    def relate(self, kind: str, blocks: Iterable[Block]) -> None:
        """Point at ``blocks``; nothing is written for none."""
        ids = [block.id for block in blocks]
        if ids:
            self.relationships.setdefault(kind, []).extend(ids)


def page_blocks(sheet: Sheet, analysis: PageAnalysis, *, numbered: bool) -> list[Block]:
    """All blocks of a page: PAGE, LINE and WORD first, then what was analysed.

    ``numbered``: whether blocks carry their page's number, as they do in the answers of jobs.
    """
    graph = _PageGraph(sheet)
    graph.add_text()
    for mark in analysis.marks:
        graph.add_mark(mark)
    for pair in analysis.key_values:
        graph.add_pair(pair)
    for table in analysis.tables:
        graph.add_table(table)
    for question, answer in analysis.answers:
        block = graph.add(Block("QUERY", question=question), top=True)
        if answer is not None:
            result = graph.add(
                Block("QUERY_RESULT", sheet.place(answer.box), _percent(answer.confidence), text=answer.text), top=True
            )
            block.relate("ANSWER", [result])
    for region in analysis.regions:
        graph.add_region(region)
    if numbered:
        for block in graph.blocks:
            block.page = sheet.number
    return graph.blocks


class _PageGraph:
    """Blocks of one page as they are added."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        polygon = np.roll(PAGE_CORNERS, -(sheet.rotation // 90), axis=0)
        self._page = Block("PAGE", polygon)
        self.blocks: list[Block] = [self._page]
        self._words: dict[int, Block] = {}
        self._lines: dict[int, Block] = {}
        self._marks: list[tuple[Mark, Block]] = []

    def add(self, block: Block, *, top: bool = False) -> Block:
        """Add a block; ``top`` ones are children of the page."""
        self.blocks.append(block)
        if top:
            self._page.relate("CHILD", [block])
        return block

    def add_text(self) -> None:
        for line in self._sheet.lines:
            polygon = _line_polygon(self._sheet, line)
            block = self.add(Block("LINE", polygon, _percent(line.confidence), text=line.text), top=True)
            self._lines[id(line)] = block
        for line in self._sheet.lines:
            words = [self._add_word(word) for word in line.words]
            self._lines[id(line)].relate("CHILD", words)

    def _add_word(self, word: TextWord) -> Block:
        # Every reader of ours is made for print; what it read of a handwritten word is told by its confidence.
        block = Block("WORD", word.polygon, _percent(word.confidence), text=word.text, text_type="PRINTED")
        self._words[id(word)] = self.add(block)
        return block

    def add_mark(self, mark: Mark) -> None:
        block = Block(
            "SELECTION_ELEMENT", self._sheet.place(mark.box), _percent(mark.confidence), selected=mark.selected
        )
        self._marks.append((mark, self.add(block)))

    def add_pair(self, pair: KeyValue) -> None:
        confidence = _percent(pair.confidence)
        key = self.add(
            Block("KEY_VALUE_SET", self._sheet.place(pair.key_box), confidence, entity_types=("KEY",)), top=True
        )
        # An empty field's value is where its key ends.
        end = pair.key_box
        box = pair.value_box or Box(end.right, end.top, end.right + end.height, end.bottom)
        value = self.add(Block("KEY_VALUE_SET", self._sheet.place(box), confidence, entity_types=("VALUE",)), top=True)
        key.relate("VALUE", [value])
        key.relate("CHILD", self._of(pair.key))
        value.relate("CHILD", self._of(pair.value))
        value.relate("CHILD", [block for mark, block in self._marks if mark in pair.marks])

    def add_table(self, table: Table) -> None:
        entity = "STRUCTURED_TABLE" if table.structured else "SEMI_STRUCTURED_TABLE"
        confidence = _percent(table.confidence)
        block = self.add(Block("TABLE", self._sheet.place(table.box), confidence, entity_types=(entity,)), top=True)
        cells: dict[tuple[int, int], Block] = {}
        for cell in table.cells:
            readings = [word.confidence for word in cell.words]
            sure = table.confidence * (sum(readings) / len(readings) if readings else 1.0)
            cells[cell.row, cell.column] = self.add(
                Block(
                    "CELL",
                    self._sheet.place(cell.box),
                    _percent(sure),
                    row=cell.row,
                    column=cell.column,
                    row_span=1,
                    column_span=1,
                    entity_types=("COLUMN_HEADER",) if cell.header else (),
                )
            )
            cells[cell.row, cell.column].relate("CHILD", self._of(cell.words))
            cells[cell.row, cell.column].relate(
                "CHILD", [mark_block for mark, mark_block in self._marks if cell.box.holds(mark.box)]
            )
        block.relate("CHILD", cells.values())
        outlines = table.outlines()
        for index, merged in enumerate(table.merged):
            covered = [
                cells[row, column]
                for row in range(merged.row, merged.row + merged.row_span)
                for column in range(merged.column, merged.column + merged.column_span)
            ]
            whole = self.add(
                Block(
                    "MERGED_CELL",
                    self._sheet.place(outlines[index]),
                    confidence,
                    row=merged.row,
                    column=merged.column,
                    row_span=merged.row_span,
                    column_span=merged.column_span,
                    entity_types=covered[0].entity_types,
                )
            )
            whole.relate("CHILD", covered)
            block.relate("MERGED_CELL", [whole])
        if table.title is not None:
            title = self._add_caption("TABLE_TITLE", table.title, confidence)
            block.relate("TABLE_TITLE", [title])
        for footer in table.footers:
            block.relate("TABLE_FOOTER", [self._add_caption("TABLE_FOOTER", footer, confidence)])

    def _add_caption(self, kind: str, line: TextLine, confidence: float) -> Block:
        block = self.add(Block(kind, self._sheet.place(line.box), confidence))
        block.relate("CHILD", self._of(line.words))
        return block

    def add_region(self, region: Region, *, top: bool = True) -> Block:
        block = Block(f"LAYOUT_{region.kind}", self._sheet.place(region.box), _percent(region.confidence))
        self.add(block, top=top)
        block.relate("CHILD", [self._lines[id(line)] for line in region.lines])
        block.relate("CHILD", [self.add_region(child) for child in region.children])
        return block

    def _of(self, words: Sequence[TextWord]) -> list[Block]:
        return [self._words[id(word)] for word in words]


def _percent(share: float) -> float:
    return 100.0 * min(1.0, max(0.0, share))


def _line_polygon(sheet: Sheet, line: TextLine) -> npt.NDArray[np.float64]:
    """The rectangle around a line's words, beginning where its text begins, as shares of the page as sent."""
    polygon = sheet.place(line.box)
    if line.level:
        return polygon
    # A line that runs up or down the sheet begins at the corner nearest to its first word's own beginning.
    start = line.words[0].polygon[0]
    first = int(np.hypot(*(polygon - start).T).argmin())
    return np.roll(polygon, -first, axis=0)
