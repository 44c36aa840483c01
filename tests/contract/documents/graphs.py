"""Walks a block graph, and checks what must hold for every one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Block = dict[str, Any]

#: Members that every block of a kind has, besides Id and BlockType (read off Textract's real answers).
MEMBERS = {
    "PAGE": {"Geometry"},
    "LINE": {"Confidence", "Text", "Geometry", "Relationships"},
    "WORD": {"Confidence", "Text", "TextType", "Geometry"},
    "TABLE": {"Confidence", "Geometry", "Relationships", "EntityTypes"},
    "CELL": {"Confidence", "RowIndex", "ColumnIndex", "RowSpan", "ColumnSpan", "Geometry"},
    "MERGED_CELL": {"Confidence", "RowIndex", "ColumnIndex", "RowSpan", "ColumnSpan", "Geometry", "Relationships"},
    "TABLE_TITLE": {"Confidence", "Geometry", "Relationships"},
    "TABLE_FOOTER": {"Confidence", "Geometry", "Relationships"},
    "KEY_VALUE_SET": {"Confidence", "Geometry", "EntityTypes"},
    "SELECTION_ELEMENT": {"Confidence", "Geometry", "SelectionStatus"},
    "QUERY": {"Query"},
    "QUERY_RESULT": {"Confidence", "Text", "Geometry"},
}
#: Kind and relationship -> kinds that may stand at its end.
EDGES = {
    ("LINE", "CHILD"): {"WORD"},
    ("TABLE", "CHILD"): {"CELL"},
    ("TABLE", "MERGED_CELL"): {"MERGED_CELL"},
    ("TABLE", "TABLE_TITLE"): {"TABLE_TITLE"},
    ("TABLE", "TABLE_FOOTER"): {"TABLE_FOOTER"},
    ("CELL", "CHILD"): {"WORD", "SELECTION_ELEMENT"},
    ("MERGED_CELL", "CHILD"): {"CELL"},
    ("TABLE_TITLE", "CHILD"): {"WORD"},
    ("TABLE_FOOTER", "CHILD"): {"WORD"},
    ("KEY_VALUE_SET", "VALUE"): {"KEY_VALUE_SET"},
    ("KEY_VALUE_SET", "CHILD"): {"WORD", "SELECTION_ELEMENT"},
    ("QUERY", "ANSWER"): {"QUERY_RESULT"},
}


class Graph:
    """The blocks of an answer by id."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        self.blocks = list(blocks)
        self.by_id = {block["Id"]: block for block in self.blocks}

    def of(self, kind: str) -> list[Block]:
        return [block for block in self.blocks if block["BlockType"] == kind]

    def lines(self) -> list[str]:
        return [block["Text"] for block in self.of("LINE")]

    def related(self, block: Block, kind: str = "CHILD") -> list[Block]:
        return [
            self.by_id[target]
            for relationship in block.get("Relationships", ())
            if relationship["Type"] == kind
            for target in relationship["Ids"]
        ]

    def text(self, block: Block) -> str:
        return " ".join(child.get("Text") or child["SelectionStatus"] for child in self.related(block))

    def fields(self) -> dict[str, str]:
        keys = [block for block in self.of("KEY_VALUE_SET") if block["EntityTypes"] == ["KEY"]]
        return {self.text(key): " ".join(map(self.text, self.related(key, "VALUE"))) for key in keys}

    def rows(self, table: Block) -> list[list[str]]:
        cells = {(cell["RowIndex"], cell["ColumnIndex"]): self.text(cell) for cell in self.related(table)}
        rows, columns = max(row for row, _ in cells), max(column for _, column in cells)
        return [[cells[row, column] for column in range(1, columns + 1)] for row in range(1, rows + 1)]

    def check(self, pages: int = 1, *, numbered: bool = False, last: int | None = None) -> None:
        """What holds for every answer: unique ids, edges that lead somewhere, numbers within their ranges.

        ``last``: the number of the last page, where it is not that of the pages (a page could not be read).
        """
        assert len(self.by_id) == len(self.blocks), "ids are unique"
        assert len(self.of("PAGE")) == pages
        for block in self.blocks:
            self._check_block(block)
            assert ("Page" in block) == numbered
            assert not numbered or 1 <= block["Page"] <= (last or pages)
        self._check_everything_hangs_on_a_page()

    def _check_block(self, block: Block) -> None:
        kind = block["BlockType"]
        expected = MEMBERS.get(kind, {"Confidence", "Geometry"})
        assert expected <= set(block), (kind, expected - set(block))
        assert 0 <= block.get("Confidence", 0) <= 100
        if "Geometry" in block:
            box, polygon = block["Geometry"]["BoundingBox"], block["Geometry"]["Polygon"]
            assert len(polygon) == 4
            assert all(-0.001 <= point[axis] <= 1.001 for point in polygon for axis in "XY"), (kind, polygon)
            assert box["Width"] > 0 and box["Height"] > 0, kind
            assert box["Left"] >= -0.001 and box["Left"] + box["Width"] <= 1.001, kind
            assert box["Top"] >= -0.001 and box["Top"] + box["Height"] <= 1.001, kind
        for relationship in block.get("Relationships", ()):
            assert relationship["Ids"], f"{kind} has an empty relationship"
            assert len(set(relationship["Ids"])) == len(relationship["Ids"])
            allowed = EDGES.get((kind, relationship["Type"]))
            for target in relationship["Ids"]:
                found = self.by_id[target]["BlockType"]
                if kind.startswith("LAYOUT_"):
                    assert found == "LINE" or found.startswith("LAYOUT_"), (kind, found)
                elif kind != "PAGE":
                    assert allowed is not None, (kind, relationship["Type"])
                    assert found in allowed, (kind, relationship["Type"], found)
        if kind == "LINE":
            assert block["Text"] == self.text(block)
        if kind == "CELL":
            assert (block["RowSpan"], block["ColumnSpan"]) == (1, 1)

    def _check_everything_hangs_on_a_page(self) -> None:
        reached: set[str] = set()
        waiting = [block["Id"] for block in self.of("PAGE")]
        while waiting:
            current = waiting.pop()
            if current not in reached:
                reached.add(current)
                for relationship in self.by_id[current].get("Relationships", ()):
                    waiting += relationship["Ids"]
        # A mark beside no field belongs to none, in Textract's answers as well.
        lost = {self.by_id[key]["BlockType"] for key in self.by_id.keys() - reached}
        assert lost <= {"SELECTION_ELEMENT"}, lost
