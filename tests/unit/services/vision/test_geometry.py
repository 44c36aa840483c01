from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.vision.geometry import overlaps, suppress
from shared.media.boxes import Box

SIDE = st.floats(-1000, 1000, width=32)
BOXES = st.tuples(SIDE, SIDE, st.floats(0.5, 500, width=32), st.floats(0.5, 500, width=32)).map(
    lambda t: Box(t[0], t[1], t[0] + t[2], t[1] + t[3])
)


def row(box: Box) -> list[float]:
    return [box.left, box.top, box.right, box.bottom]


@given(BOXES, BOXES)
def test_overlaps_are_those_of_the_boxes_one_by_one(one: Box, other: Box) -> None:
    assert abs(float(overlaps(np.array([row(one)]), row(other))[0]) - one.overlap(other)) < 1e-6


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
