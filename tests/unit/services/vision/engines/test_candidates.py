"""Candidates of a detector: the floor, the limit, and suppression within each class alone."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.vision.engines.candidates import MOST_CANDIDATES, MOST_OBJECTS, found_objects, likely

BOX, NEAR, FAR = (10, 10, 50, 50), (12, 10, 52, 50), (60, 10, 100, 50)


def test_only_scores_above_the_floor_are_candidates_surest_first() -> None:
    scores = np.array([[0.01, 0.3], [0.0, 0.0], [0.9, 0.01]], np.float32)
    places, classes = likely(scores)
    assert list(zip(places.tolist(), classes.tolist(), strict=True)) == [(2, 0), (0, 1)]


def test_there_are_not_more_candidates_than_the_limit() -> None:
    places, _ = likely(np.full((20, 80), 0.5, np.float32))
    assert len(places) == MOST_CANDIDATES


def test_overlapping_boxes_of_a_class_are_one_object_and_of_two_classes_two() -> None:
    boxes = np.array([BOX, NEAR, NEAR, FAR], np.float32)
    scores, classes = np.array([0.9, 0.8, 0.7, 0.6], np.float32), np.array([0, 0, 2, 0])
    found = found_objects(boxes, scores, classes, 0.5, 200, 100)
    assert [(each.name, round(each.score, 1)) for each in found] == [("person", 0.9), ("car", 0.7), ("person", 0.6)]


def test_boxes_end_at_the_edge_of_the_picture() -> None:
    (found,) = found_objects(
        np.array([(-5, -5, 300, 50)], np.float32), np.array([0.9], np.float32), np.array([1]), 0.5, 200, 40
    )
    assert (found.box.left, found.box.top, found.box.right, found.box.bottom) == (0, 0, 200, 40)


def test_nothing_in_gives_nothing_out() -> None:
    places, classes = likely(np.zeros((5, 80), np.float32))
    assert found_objects(np.empty((0, 4), np.float32), np.empty(0, np.float32), classes, 0.5, 10, 10) == []
    assert len(places) == 0


@given(st.integers(0, 2**32 - 1), st.integers(1, 150))
def test_what_stays_does_not_overlap_within_its_class(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    corners = random.uniform(0, 150, (count, 2))
    boxes = np.concatenate([corners, corners + random.uniform(1, 60, (count, 2))], axis=1).astype(np.float32)
    scores, classes = random.uniform(0, 1, count).astype(np.float32), random.integers(0, 3, count)
    found = found_objects(boxes, scores, classes, 0.5, 1000, 1000)
    assert 1 <= len(found) <= MOST_OBJECTS
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    for number, one in enumerate(found):
        assert all(one.box.overlap(other.box) <= 0.5 + 1e-4 for other in found[:number] if other.name == one.name)
