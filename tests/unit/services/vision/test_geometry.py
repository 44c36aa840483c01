from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.vision.geometry import Box, overlaps, suppress

SIDE = st.floats(-1000, 1000, width=32)
BOXES = st.tuples(SIDE, SIDE, st.floats(0.5, 500, width=32), st.floats(0.5, 500, width=32)).map(
    lambda t: Box(t[0], t[1], t[0] + t[2], t[1] + t[3])
)


def row(box: Box) -> list[float]:
    return [box.left, box.top, box.right, box.bottom]


@given(BOXES, BOXES)
def test_overlap_is_a_symmetric_share(one: Box, other: Box) -> None:
    share = one.overlap(other)
    assert 0 <= share <= 1
    assert abs(share - other.overlap(one)) < 1e-9
    assert abs(one.overlap(one) - 1) < 1e-6
    assert abs(float(overlaps(np.array([row(one)]), row(other))[0]) - share) < 1e-6


def test_boxes_move_grow_and_are_cut() -> None:
    box = Box(10, 20, 30, 60)
    assert box.moved(5, -5) == Box(15, 15, 35, 55)
    assert box.scaled(2) == Box(0, 0, 40, 80)
    assert Box(-5, 10, 50, 300).clipped(40, 200) == Box(0, 10, 40, 200)
    assert Box(5, 5, 2, 9).area == 0


@given(st.lists(st.tuples(BOXES, st.floats(0, 1, width=32)), max_size=12), st.sampled_from([0.3, 0.5, 0.7]))
def test_suppression_keeps_the_surest_of_each_heap(found: list[tuple[Box, float]], limit: float) -> None:
    boxes = np.array([row(box) for box, _ in found], dtype=np.float32).reshape(-1, 4)
    scores = np.array([score for _, score in found], dtype=np.float32)
    kept = suppress(boxes, scores, limit)
    assert [scores[i] for i in kept] == sorted((scores[i] for i in kept), reverse=True)
    for position, index in enumerate(kept):
        assert (overlaps(boxes[kept[:position]], boxes[index]) <= limit).all()
    for index in set(range(len(found))) - set(kept):
        surer = [i for i in kept if scores[i] >= scores[index]]
        assert (overlaps(boxes[surer], boxes[index]) > limit).any()
