from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.documents.lines import TextLine, TextWord, arrange
from services.documents.rules import Rules
from tests.unit.services.documents.drawing import Drawing


def test_near_words_are_one_line_and_far_ones_are_not() -> None:
    sheet = Drawing().text(50, 100, "left part").text(400, 100, "right part").text(50, 200, "below").sheet()
    assert [line.text for line in sheet.lines] == ["left part", "right part", "below"]


def test_a_rule_between_words_parts_them() -> None:
    drawing = Drawing().text(50, 100, "one two").text(50, 130, "one two")
    together = drawing.sheet()
    parted = drawing.rule(92, 60, 92, 200).sheet()
    assert [line.text for line in together.lines] == ["one two", "one two"]
    assert [line.text for line in parted.lines] == ["one", "two", "one", "two"]


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 1300), st.integers(1, 12)), max_size=30))
def test_no_word_is_lost_or_doubled(places: list[tuple[int, int, int]]) -> None:
    drawing = Drawing()
    for x, y, length in places:
        drawing.text(x, y, "x" * length)
    words = [TextWord(w.text, w.confidence, _box(w.polygon), w.polygon.astype(float)) for w in drawing.words]
    arranged = arrange([TextLine((word,)) for word in words], Rules())
    assert sorted(id(word) for line in arranged for word in line.words) == sorted(map(id, words))
    for line in arranged:
        lefts = [word.box.left for word in line.words]
        assert lefts == sorted(lefts)


def _box(polygon):  # type: ignore[no-untyped-def]
    from shared.media.boxes import Box

    return Box(*map(float, (*polygon.min(axis=0), *polygon.max(axis=0))))
