from __future__ import annotations

import cv2

from services.documents.layout import find_layout
from services.documents.tables import find_tables
from tests.unit.services.documents.drawing import Drawing


def kinds(drawing: Drawing) -> list[tuple[str, str]]:
    sheet = drawing.sheet()
    return [(r.kind, r.lines[0].text if r.lines else "") for r in find_layout(sheet, find_tables(sheet), [])]


def test_columns_are_read_one_after_the_other() -> None:
    drawing = Drawing(1200, 1400).text(200, 180, "The title of the page", size=2.0)
    for row in range(8):
        drawing.text(60, 400 + 30 * row, f"left column prose number {row}")
        drawing.text(640, 400 + 30 * row, f"right column prose number {row}")
    found = kinds(drawing)
    assert found == [
        ("TITLE", "The title of the page"),
        ("TEXT", "left column prose number 0"),
        ("TEXT", "right column prose number 0"),
    ]


def test_header_footer_and_page_number() -> None:
    drawing = Drawing().text(60, 30, "Annual report").text(480, 1350, "7")
    for row in range(5):
        drawing.text(60, 500 + 30 * row, "the body of the page goes on here.")
    assert kinds(drawing) == [
        ("HEADER", "Annual report"),
        ("TEXT", "the body of the page goes on here."),
        ("PAGE_NUMBER", "7"),
    ]


def test_entries_become_a_list_with_children() -> None:
    drawing = Drawing()
    for row in range(4):
        drawing.text(60, 300 + 40 * row, f"{row + 1}. entry of the list")
    sheet = drawing.sheet()
    (region,) = find_layout(sheet, [], [])
    assert region.kind == "LIST" and len(region.children) == 4
    assert {child.kind for child in region.children} == {"TEXT"}


def test_every_line_is_in_exactly_one_region() -> None:
    drawing = Drawing().text(60, 30, "head").text(60, 200, "SECTION ONE").text(60, 240, "words of prose go on here")
    xs, ys = [100, 350, 600], [500, 550, 600, 650]
    drawing.grid(xs, ys)
    for y in ys[:-1]:
        drawing.text(110, y + 12, "a").text(360, y + 12, "12")
    sheet = drawing.sheet()
    regions = find_layout(sheet, find_tables(sheet), [])
    held = [id(line) for region in regions for line in (*region.lines, *(x for c in region.children for x in c.lines))]
    assert sorted(held) == sorted(id(line) for line in sheet.lines)


def test_a_picture_is_a_figure() -> None:
    drawing = Drawing().text(60, 300, "some words of prose above the picture")
    drawing.pixels[500:900, 200:800] = 90
    assert ("FIGURE", "") in kinds(drawing)


def test_dots_that_are_drawn_make_a_list() -> None:
    drawing = Drawing()
    for row in range(3):
        cv2.circle(drawing.pixels, (68, 310 + 40 * row), 5, (0, 0, 0), -1)
        drawing.text(90, 300 + 40 * row, "entry of the list")
    sheet = drawing.sheet()
    (found,) = find_layout(sheet, [], [])
    assert found.kind == "LIST" and [len(entry.lines) for entry in found.children] == [1, 1, 1]


def test_one_speck_makes_no_list() -> None:
    drawing = Drawing()
    cv2.circle(drawing.pixels, (68, 310), 5, (0, 0, 0), -1)
    for row in range(3):
        drawing.text(90, 300 + 30 * row, "a line of prose.")
    assert [kind for kind, _ in kinds(drawing)] == ["TEXT"]


def test_a_strip_of_a_few_pixels_has_no_layout() -> None:
    for width, height in ((20_000, 10), (10, 20_000)):
        assert find_layout(Drawing(width, height).sheet(), [], []) == []
