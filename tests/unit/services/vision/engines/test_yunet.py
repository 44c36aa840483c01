"""The decoder on made-up maps; then the network on photographs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.vision.engines.yunet import LARGE_SIDE, MULTIPLE, STRIDES, decode, input_sizes, whole_faces
from services.vision.tasks import FoundFace
from shared.media.boxes import Box
from shared.tasks.reading import Picture
from tests.unit.services.vision.faces.pictures import OBAMA, portrait
from tests.unit.services.vision.pictures import coco, plain

WIDTH, HEIGHT = 96, 64


def empty_maps() -> dict[str, np.ndarray[Any, np.dtype[np.float32]]]:
    maps = {}
    for stride in STRIDES:
        cells = (WIDTH // stride) * (HEIGHT // stride)
        for name, numbers in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
            maps[f"{name}_{stride}"] = np.zeros((cells, numbers), np.float32)
    return maps


@pytest.mark.parametrize("stride", STRIDES)
def test_a_cell_becomes_a_box_and_five_points(stride: int) -> None:
    maps = empty_maps()
    row, column = 1, 2
    cell = row * (WIDTH // stride) + column
    maps[f"cls_{stride}"][cell] = 0.81
    maps[f"obj_{stride}"][cell] = 1.0
    maps[f"bbox_{stride}"][cell] = [0.5, 0.25, np.log(4), np.log(2)]  # centre, size
    maps[f"kps_{stride}"][cell] = np.arange(10) / 10
    cells = decode(maps, WIDTH, HEIGHT, 0.7)
    assert cells.scores == pytest.approx([0.9])
    x, y = (column + 0.5) * stride, (row + 0.25) * stride
    assert cells.boxes[0] == pytest.approx([x - 2 * stride, y - stride, x + 2 * stride, y + stride])
    assert cells.points[0, 0] == pytest.approx([column * stride, (row + 0.1) * stride])
    assert cells.points[0, 4] == pytest.approx([(column + 0.8) * stride, (row + 0.9) * stride])


def test_cells_under_the_threshold_are_left_out() -> None:
    maps = empty_maps()
    maps["cls_8"][3] = maps["obj_8"][3] = 0.69
    assert len(decode(maps, WIDTH, HEIGHT, 0.7).scores) == 0
    assert len(decode(maps, WIDTH, HEIGHT, 0.6).scores) == 1


@given(st.integers(1, 6000), st.integers(1, 6000))
def test_inputs_are_multiples_of_the_stride_and_enlarge_nothing(width: int, height: int) -> None:
    sizes = input_sizes(width, height)
    assert 1 <= len(sizes) <= 2
    for across, down in sizes:
        assert across % MULTIPLE == down % MULTIPLE == 0
        assert max(across, down) <= LARGE_SIDE
        assert across <= width + MULTIPLE and down <= height + MULTIPLE


def test_a_part_of_a_surer_face_is_no_face() -> None:
    points = np.zeros((5, 2), np.float32)
    large = FoundFace(Box(0, 0, 100, 140), 0.9, points)
    nose = FoundFace(Box(30, 50, 70, 100), 0.8, points)
    surer = FoundFace(Box(30, 50, 70, 100), 0.95, points)
    beside = FoundFace(Box(80, 50, 120, 100), 0.8, points)
    assert whole_faces([large, beside, nose]) == [large, beside]
    assert whole_faces([large, surer]) == [large, surer]


def test_the_face_of_a_portrait_is_found_where_it_is(load: Callable[[str], Any], shared_directory: Path) -> None:
    (faces,) = load("yunet-n").run([portrait(shared_directory, "obama.jpg")])
    (face,) = faces
    assert face.box.overlap(OBAMA.box) > 0.9
    assert np.abs(face.points - OBAMA.points).max() < 5
    assert 0.9 < face.score <= 1


def test_faces_come_largest_first_and_a_batch_gives_what_single_pictures_give(
    load: Callable[[str], Any], shared_directory: Path
) -> None:
    engine = load("yunet-n")
    pictures = [
        coco(shared_directory, 6954),
        portrait(shared_directory, "two_people.jpg"),
        Picture(plain((90, 90, 90))),
    ]
    together = engine.run(pictures)
    assert [len(faces) for faces in together] == [5, 2, 0]
    areas = [face.box.area for face in together[0]]
    assert areas == sorted(areas, reverse=True)
    for picture, faces in zip(pictures, together, strict=True):
        (alone,) = engine.run([picture])
        assert [face.box for face in alone] == [face.box for face in faces]


def test_a_face_that_fills_the_picture_and_one_in_the_distance_are_found(
    load: Callable[[str], Any], shared_directory: Path
) -> None:
    pixels = portrait(shared_directory, "obama.jpg").pixels
    box = OBAMA.box
    filling = pixels[int(box.top) : int(box.bottom), int(box.left) : int(box.right)]
    filling = np.asarray(cv2.resize(filling, None, fx=4, fy=4), np.uint8)
    landscape = np.full((3000, 4000, 3), 120, np.uint8)
    small = np.asarray(cv2.resize(pixels, None, fx=0.15, fy=0.15, interpolation=cv2.INTER_AREA), np.uint8)
    landscape[2000 : 2000 + small.shape[0], 3000 : 3000 + small.shape[1]] = small
    near, far = load("yunet-n").run([Picture(filling), Picture(landscape)])
    assert len(near) == 1 and near[0].box.area > 0.7 * filling.shape[0] * filling.shape[1]
    expected = Box(box.left * 0.15, box.top * 0.15, box.right * 0.15, box.bottom * 0.15).moved(3000, 2000)
    assert len(far) == 1 and far[0].box.overlap(expected) > 0.7


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (31, 33)])
def test_tiny_and_narrow_pictures_have_no_faces(load: Callable[[str], Any], size: tuple[int, int]) -> None:
    assert list(load("yunet-n").run([Picture(np.full((*size, 3), 200, np.uint8))])) == [[]]
