from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.media.boxes import Box, union

SIDE = st.integers(-1000, 1000)
BOXES = st.tuples(SIDE, SIDE, st.integers(1, 500), st.integers(1, 500)).map(
    lambda t: Box(t[0], t[1], t[0] + t[2], t[1] + t[3])
)


@given(BOXES, BOXES)
def test_overlap_is_a_symmetric_share(one: Box, other: Box) -> None:
    share = one.overlap(other)
    assert 0 <= share <= 1
    assert share == other.overlap(one)
    assert one.overlap(one) == 1
    assert (share > 0) == (one.overlap_x(other) > 0 and one.overlap_y(other) > 0)


@given(st.lists(BOXES, min_size=1, max_size=6))
def test_a_union_is_the_least_that_holds_all(boxes: list[Box]) -> None:
    around = union(boxes)
    assert all(around.holds(box, 1.0) for box in boxes)
    for smaller in (
        Box(around.left + 1, around.top, around.right, around.bottom),
        Box(around.left, around.top, around.right, around.bottom - 1),
    ):
        assert not all(smaller.holds(box, 1.0) for box in boxes)


def test_boxes_move_grow_and_are_cut() -> None:
    box = Box(10, 20, 30, 60)
    assert box.center == (20, 40)
    assert box.moved(5, -5) == Box(15, 15, 35, 55)
    assert box.scaled(2) == Box(0, 0, 40, 80)
    assert box.grown(3) == Box(7, 17, 33, 63)
    assert Box(-5, 10, 50, 300).clipped(40, 200) == Box(0, 10, 40, 200)
    assert Box(5, 5, 2, 9).area == 0


def test_the_gap_between_two_is_a_negative_overlap() -> None:
    left, right = Box(0, 0, 10, 10), Box(14, 5, 20, 25)
    assert (left.overlap_x(right), left.overlap_y(right)) == (-4, 5)
    assert left.intersection(right) == 0 and not left.holds(right)
