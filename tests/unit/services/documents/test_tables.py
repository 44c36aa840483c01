from __future__ import annotations

from services.documents.tables import Table, find_tables
from tests.unit.services.documents.drawing import Drawing

ROWS = [("Item", "Quantity", "Price"), ("Nails", "500", "1.00"), ("Screws", "20", "9.50"), ("Glue", "3", "12.00")]


def texts(table: Table) -> list[list[str]]:
    rows = max(cell.row for cell in table.cells)
    columns = max(cell.column for cell in table.cells)
    grid = [["" for _ in range(columns)] for _ in range(rows)]
    for cell in table.cells:
        grid[cell.row - 1][cell.column - 1] = cell.text
    return grid


def filled(xs: list[int], ys: list[int], rows: list[tuple[str, ...]]) -> Drawing:
    drawing = Drawing()
    for y, row in zip(ys, rows, strict=False):
        for x, text in zip(xs, row, strict=False):
            drawing.text(x + 10, y + 12, text)
    return drawing


def test_a_ruled_table_has_its_cells_and_headers() -> None:
    xs, ys = [100, 350, 600, 850], [200, 250, 300, 350, 400]
    (table,) = find_tables(filled(xs, ys, ROWS).grid(xs, ys).sheet())
    assert texts(table) == [list(row) for row in ROWS]
    assert [cell.header for cell in table.cells if cell.column == 1] == [True, False, False, False]
    assert table.ruled and table.structured and table.confidence > 0.9
    assert table.merged == ()


def test_a_merged_header_spans_its_columns() -> None:
    xs, ys = [100, 350, 600, 850], [200, 250, 300, 350]
    drawing = filled(xs, ys, [("Name", "Measures", ""), ("", "Width", "Height"), ("Box", "12", "34")])
    drawing.rule(100, 200, 850, 200).rule(350, 250, 850, 250).rule(100, 300, 850, 300).rule(100, 350, 850, 350)
    drawing.rule(100, 200, 100, 350).rule(350, 200, 350, 350).rule(600, 250, 600, 350).rule(850, 200, 850, 350)
    (table,) = find_tables(drawing.sheet())
    spans = {(m.row, m.column, m.row_span, m.column_span) for m in table.merged}
    assert spans == {(1, 1, 2, 1), (1, 2, 1, 2)}
    assert texts(table)[0] == ["Name", "Measures", ""]
    assert texts(table)[2] == ["Box", "12", "34"]


def test_a_table_without_rules_is_told_by_its_columns() -> None:
    xs, ys = [100, 400, 700], [200, 235, 270, 305]
    (table,) = find_tables(filled(xs, ys, ROWS).sheet())
    assert texts(table) == [list(row) for row in ROWS]
    # Neither its lines nor its headers are drawn: a guess, however neat.
    assert table.headed and not table.ruled and not table.structured and table.confidence < 0.9


def test_prose_in_two_columns_is_no_table() -> None:
    drawing = Drawing(1200, 1000)
    for row in range(12):
        drawing.text(60, 100 + 30 * row, "here runs a line of plain prose text")
        drawing.text(640, 100 + 30 * row, "and beside it goes the other column on")
    assert find_tables(drawing.sheet()) == []


def test_a_list_is_no_table() -> None:
    drawing = Drawing()
    for row in range(5):
        drawing.text(100, 100 + 40 * row, f"{row + 1}.").text(170, 100 + 40 * row, "an entry of the list")
    assert find_tables(drawing.sheet()) == []


def test_a_frame_alone_is_no_table() -> None:
    drawing = Drawing().grid([100, 800], [100, 500]).text(150, 200, "some words in a frame")
    assert find_tables(drawing.sheet()) == []


def test_title_and_footnote_belong_to_the_table() -> None:
    xs, ys = [100, 350, 600, 850], [200, 250, 300, 350, 400]
    drawing = filled(xs, ys, ROWS).grid(xs, ys).text(300, 165, "Table 1: Stock").text(110, 415, "Note: all in dollars")
    (table,) = find_tables(drawing.sheet())
    assert table.title is not None and table.title.text == "Table 1: Stock"
    assert [line.text for line in table.footers] == ["Note: all in dollars"]


def test_fields_below_one_another_are_a_form_and_no_table() -> None:
    drawing = Drawing()
    for row, (key, value) in enumerate((("Name:", "Ada Lovelace"), ("City:", "London"), ("Phone:", "555 0147"))):
        drawing.text(100, 100 + 40 * row, key).text(300, 100 + 40 * row, value)
        drawing.text(550, 100 + 40 * row, key).text(750, 100 + 40 * row, value)
    assert find_tables(drawing.sheet()) == []
