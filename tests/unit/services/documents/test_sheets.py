from __future__ import annotations

import numpy as np
import pytest

from services.documents.sheets import layer_reading, lift
from shared.media.boxes import Box
from shared.media.documents import Page
from shared.media.pdf import LayerWord
from shared.tasks.reading import Line, Reading, Word
from tests.unit.services.documents.drawing import Drawing, turned


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_turned_page_gives_the_same_sheet(degrees: int) -> None:
    drawing = Drawing(800, 600).text(100, 80, "Invoice number 123").text(100, 200, "Total 45").rule(90, 300, 700, 300)
    pixels = np.ascontiguousarray(np.rot90(drawing.pixels, -degrees // 90))
    words = [Word(w.text, w.confidence, turned(w.polygon, 800, 600, degrees)) for w in drawing.words]
    reading = Reading(tuple(Line((word,), word.polygon) for word in words), degrees)
    sheet = lift(Page(1, pixels), reading)
    assert (sheet.width, sheet.height) == (800, 600)
    assert [line.text for line in sheet.lines] == ["Invoice number 123", "Total 45"]
    assert len(sheet.rules.level) == 1
    # And back: the sheet's box of a word is where the word is on the page as sent.
    first = sheet.words[0]
    shares = words[0].polygon / (pixels.shape[1], pixels.shape[0])
    assert sheet.place(first.box) == pytest.approx(shares, abs=0.005)


def test_a_skewed_page_is_set_level() -> None:
    drawing = Drawing(900, 900)
    angle = np.radians(4.0)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    for row in range(6):
        drawing.text(150, 200 + 60 * row, "several words in a row")
    words = [Word(w.text, 0.9, ((w.polygon - 450) @ turn.T + 450).astype(np.float32)) for w in drawing.words]
    sheet = lift(Page(1, drawing.pixels), Reading(tuple(Line((w,), w.polygon) for w in words)))
    assert [line.text for line in sheet.lines] == ["several words in a row"] * 6
    for line in sheet.lines:
        assert max(w.box.top for w in line.words) - min(w.box.top for w in line.words) < 2
    assert sheet.place(sheet.words[0].box) == pytest.approx(words[0].polygon / 900, abs=0.01)


def test_a_layers_words_are_certain_and_keep_their_direction() -> None:
    square = np.array([[0.4, 0.6], [0.4, 0.4], [0.5, 0.4], [0.5, 0.6]], dtype=np.float32)
    page = Page(1, np.full((100, 100, 3), 255, np.uint8), (LayerWord("upward", square),))
    reading = layer_reading(page)
    assert reading.rotation == 270
    assert reading.lines[0].words[0].confidence == 1.0


def test_an_empty_page_is_a_sheet_without_lines() -> None:
    sheet = lift(Page(1, np.full((50, 40, 3), 255, np.uint8)), Reading(()))
    assert sheet.lines == () and sheet.text_height > 0
    assert sheet.place(Box(0, 0, 40, 50)) == pytest.approx(np.array([[0, 0], [1, 0], [1, 1], [0, 1]]))
