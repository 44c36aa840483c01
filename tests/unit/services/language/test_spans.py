from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.language.spans import Stretches, decode_spans, trimmed

CLASSES = ["O", "B-X", "I-X", "B-Y", "I-Y"]


def one_hot(names: list[str]) -> np.ndarray:
    rows = np.full((len(names), len(CLASSES)), 0.05, np.float32)
    for row, name in enumerate(names):
        rows[row, CLASSES.index(name)] = 0.8
    return rows


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["O", "B-X", "I-X", "O"], [(1, 3, "X")]),
        (["B-X", "B-X"], [(0, 1, "X"), (1, 2, "X")]),
        (["I-X", "I-X"], [(0, 2, "X")]),
        (["B-X", "I-Y"], [(0, 1, "X"), (1, 2, "Y")]),
        (["O", "O"], []),
        ([], []),
    ],
)
def test_spans_of_tags(names: list[str], expected: list[tuple[int, int, str]]) -> None:
    assert [(s.first, s.last, s.type) for s in decode_spans(one_hot(names), CLASSES)] == expected


def test_score_is_the_mean_probability_of_the_type() -> None:
    (span,) = decode_spans(np.array([[0.1, 0.6, 0.2, 0.1, 0.0], [0.3, 0.0, 0.5, 0.1, 0.1]], np.float32), CLASSES)
    assert span.score == pytest.approx((0.8 + 0.5) / 2)


def test_classes_without_a_type() -> None:
    (span,) = decode_spans(np.array([[0.1, 0.8, 0.1], [0.1, 0.2, 0.7]], np.float32), ["O", "B", "I"])
    assert (span.first, span.last, span.type) == (0, 2, "")


@given(st.lists(st.lists(st.floats(0.01, 1), min_size=5, max_size=5), max_size=20))
def test_spans_are_in_order_disjoint_and_scored(rows: list[list[float]]) -> None:
    probabilities = np.array(rows, np.float32).reshape(-1, 5)
    probabilities = probabilities / probabilities.sum(1, keepdims=True)
    spans = decode_spans(probabilities, CLASSES)
    assert all(a.last <= b.first for a, b in itertools.pairwise(spans))
    assert all(0 < s.score <= 1 and s.first < s.last <= len(rows) for s in spans)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["Siemens", "in"], [(0, 1)]),
        (["the", "Siemens"], [(1, 2)]),
        (["The", "Hague"], [(0, 2)]),
        (["Bank", "of", "China"], [(0, 3)]),
        (["of", "the"], []),
    ],
)
def test_names_neither_begin_nor_end_with_closed_class_words(words: list[str], expected: list[tuple[int, int]]) -> None:
    tags = ["B-X", *["I-X"] * (len(words) - 1)]
    assert [(s.first, s.last) for s in decode_spans(one_hot(tags), CLASSES, words)] == expected


def test_the_score_of_a_trimmed_name_is_that_of_its_own_words() -> None:
    probabilities = one_hot(["B-X", "I-X"])
    probabilities[1, 2] = 0.5  # the small word is less sure
    (span,) = decode_spans(probabilities, CLASSES, ["Siemens", "in"])
    assert span.score == pytest.approx(0.85)


def test_a_name_begins_with_no_clitic() -> None:
    words = ["Potter", "'s", "Stone", "McDonald", "'s"]
    assert trimmed(words, 1, 3) == (2, 3)
    assert trimmed(words, 3, 5) == (3, 5)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), max_size=30), st.integers(0, 40), st.integers(1, 9))
def test_stretches_do_not_overlap_and_are_found(pairs: list[tuple[int, int]], begin: int, length: int) -> None:
    stretches, kept = Stretches(), []
    for first, size in pairs:
        free = size > 0 and all(first >= e or first + size <= b for b, e in kept)
        assert stretches.add(first, first + size) == free
        if free:
            kept.append((first, first + size))
    touching = sorted((b, e) for b, e in kept if b < begin + length and begin < e)
    assert stretches.touching(begin, begin + length) == touching
