from __future__ import annotations

import cv2
import pytest

from services.documents.marks import find_marks
from tests.unit.services.documents.drawing import Drawing


@pytest.mark.parametrize("ticked", [True, False])
def test_a_box_is_told_ticked_or_empty(ticked: bool) -> None:
    (mark,) = find_marks(Drawing().mark(100, 100, ticked=ticked).text(140, 101, "Yes").sheet())
    assert mark.selected is ticked
    assert 0.5 <= mark.confidence <= 1
    assert abs(mark.box.left - 100) < 4 and abs(mark.box.bottom - 122) < 4


def test_symbols_that_were_read_are_marks() -> None:
    marks = find_marks(Drawing().text(100, 100, "☐ No").text(100, 200, "☑ Yes").sheet())
    assert [mark.selected for mark in marks] == [False, True]


def test_a_box_that_was_read_is_no_text() -> None:
    sheet = Drawing().text(100, 100, "☐ No").text(100, 200, "☑").sheet()
    assert [line.text for line in sheet.lines] == ["No"]


def test_bullets_are_no_marks() -> None:
    bullets = Drawing().text(100, 100, "● one").text(100, 200, "● two")
    assert find_marks(bullets.sheet()) == []
    choices = Drawing().text(100, 100, "● one").text(100, 200, "○ two")
    assert [mark.selected for mark in find_marks(choices.sheet())] == [True, False]


def test_circles_letters_and_table_cells_are_no_marks() -> None:
    drawing = Drawing().text(300, 300, "some words").grid([100, 400, 700], [500, 560, 620])
    cv2.circle(drawing.pixels, (111, 111), 11, (0, 0, 0), 2)
    cv2.putText(drawing.pixels, "O D B", (100, 220), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 2)
    assert find_marks(drawing.sheet()) == []
