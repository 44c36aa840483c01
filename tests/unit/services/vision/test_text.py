from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.vision.text import MAX_WORDS, TextWish, WordFilter, filtered, in_order, share_within
from shared.tasks.reading import Line, Word, enclosing

SIZE = (200, 100)


def word(text: str, left: float, top: float, width: float = 20, height: float = 10, confidence: float = 0.95) -> Word:
    right, bottom = left + width, top + height
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return Word(text, confidence, np.array(corners, dtype=np.float32))


def line(*words: Word) -> Line:
    return Line(words, enclosing([each.polygon for each in words]))


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


LINES = [line(word("one", 10, 10), word("two", 40, 10, confidence=0.7)), line(word("three", 10, 60, width=60, height=30))]


def texts(wish: TextWish) -> list[str]:
    return [each.text for each in filtered(LINES, wish, SIZE)]


def test_nothing_is_filtered_unless_asked() -> None:
    assert texts(TextWish()) == ["one two", "three"]


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        (WordFilter(), ["one", "three"]),  # 80 is Rekognition's own default
        (WordFilter(min_confidence=60), ["one two", "three"]),
        (WordFilter(min_confidence=0, min_height=0.2), ["three"]),
        (WordFilter(min_confidence=0, min_width=0.11), ["three"]),
        (WordFilter(min_confidence=99), []),
    ],
)
def test_word_filters(wanted: WordFilter, left: list[str]) -> None:
    assert texts(TextWish(word_filter=wanted)) == left


def test_a_line_shrinks_to_the_words_that_are_left() -> None:
    first = filtered(LINES, TextWish(word_filter=WordFilter()), SIZE)[0]
    assert first.polygon[:, 0].max() == pytest.approx(30)


def test_a_word_belongs_to_a_region_when_more_than_half_of_it_does() -> None:
    assert texts(TextWish(regions=[box(0, 0, 0.26, 0.3)])) == ["one two"]  # "two" reaches from 0.2 to 0.3
    assert texts(TextWish(regions=[box(0, 0, 0.24, 0.3)])) == ["one"]
    assert texts(TextWish(regions=[box(0.9, 0.9, 1, 1), box(0, 0.5, 1, 1)])) == ["three"]


def test_a_region_may_have_any_shape() -> None:
    hook = np.array([[0, 0], [1, 0], [1, 0.3], [0.5, 0.3], [0.5, 0.55], [0, 0.55]])
    assert share_within(box(0.1, 0.1, 0.2, 0.2), hook) == pytest.approx(1)
    assert share_within(box(0.6, 0.4, 0.8, 0.5), hook) == pytest.approx(0)
    assert share_within(box(0.4, 0.35, 0.6, 0.45), hook) == pytest.approx(0.5)
    assert share_within(box(0.1, 0.1, 0.2, 0.2)[::-1], hook[::-1]) == pytest.approx(1)


RATIO = st.floats(0, 1).map(lambda value: round(value, 3))
POINTS = st.lists(st.tuples(RATIO, RATIO), min_size=3, max_size=10)


@given(POINTS, RATIO, RATIO)
def test_shares_are_shares(points: list[tuple[float, float]], left: float, top: float) -> None:
    assert 0 <= share_within(box(left, top, left + 0.1, top + 0.05), np.array(points)) <= 1


def test_lines_come_in_reading_order() -> None:
    scattered = [word("e", 10, 60), word("b", 60, 12), word("d", 120, 42), word("a", 10, 10), word("c", 20, 40)]
    assert "".join(each.text for each in in_order([line(each) for each in scattered])) == "abcde"
    assert in_order([]) == []


def test_a_hundred_words_at_most() -> None:
    many = [line(*(word("w", 20 * column, 3 * row) for column in range(10))) for row in range(12)]
    kept = filtered(many, TextWish(), SIZE)
    assert sum(len(each.words) for each in kept) == MAX_WORDS
