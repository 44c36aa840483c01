from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.vision.faces.alignment import (
    MEAN_FACE,
    chip_transform,
    cut,
    inverse,
    moved_points,
    scale_of,
    similarity_transform,
    square_transform,
)

ANGLES = st.floats(-math.pi, math.pi)
SCALES = st.floats(0.01, 100)
SHIFTS = st.floats(-1000, 1000)


@given(ANGLES, SCALES, SHIFTS, SHIFTS)
def test_a_similarity_is_found_again(angle: float, scale: float, x: float, y: float) -> None:
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    matrix = np.array([[cosine, -sine, x], [sine, cosine, y]])
    found = similarity_transform(MEAN_FACE, moved_points(MEAN_FACE, matrix))
    assert found == pytest.approx(matrix, rel=1e-6, abs=1e-6)
    assert scale_of(found) == pytest.approx(scale)
    back = moved_points(moved_points(MEAN_FACE, matrix), inverse(found))
    assert back == pytest.approx(MEAN_FACE, abs=1e-6)


def test_of_noisy_points_the_nearest_is_found() -> None:
    """No rotation, scale or shift near the answer brings the points nearer."""
    random = np.random.default_rng(5)
    source, target = random.normal(size=(5, 2)), random.normal(size=(5, 2))
    best = similarity_transform(source, target)
    least = ((moved_points(source, best) - target) ** 2).sum()
    for _ in range(200):
        a, b, x, y = np.array([best[0, 0], best[1, 0], *best[:, 2]]) + random.normal(0, 0.05, 4)
        other = np.array([[a, -b, x], [b, a, y]])
        assert ((moved_points(source, other) - target) ** 2).sum() >= least


def test_points_in_one_place_are_only_shifted() -> None:
    found = similarity_transform(np.full((5, 2), 3.0), MEAN_FACE)
    assert found[:, :2] == pytest.approx(np.eye(2))


def test_a_chip_has_the_face_where_the_networks_expect_it() -> None:
    points = MEAN_FACE * 200 + (40, 70)
    chip = moved_points(points, chip_transform(points, 150, 0.25))
    assert chip[0] == pytest.approx([(0.2255 + 0.25) / 1.5 * 150, (0.216 + 0.25) / 1.5 * 150])
    assert chip[0, 1] == pytest.approx(chip[1, 1])


@given(st.floats(10, 90), st.floats(10, 90), st.floats(4, 80), ANGLES)
def test_a_square_has_its_centre_in_the_middle_and_its_corners_at_the_corners(
    x: float, y: float, side: float, angle: float
) -> None:
    matrix = square_transform((x, y), side, angle, 64)
    assert moved_points([[x, y]], matrix)[0] == pytest.approx([32, 32], abs=1e-6)
    along = np.array([math.cos(angle), math.sin(angle)])
    edge = moved_points([np.array([x, y]) + along * side / 2], matrix)[0]
    assert edge == pytest.approx([64, 32], abs=1e-6)


def gradient(width: int, height: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Red grows to the right, green downwards, one a pixel."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x % 256, y % 256, np.zeros_like(x)], axis=2).astype(np.uint8)


@pytest.mark.parametrize("side", [40.0, 200.0])
def test_a_cut_shows_what_lies_there_enlarged_or_reduced(side: float) -> None:
    pixels = gradient(256, 256)
    matrix = square_transform((128.0, 120.0), side, 0.0, 64)
    square = cut(pixels, matrix, 64)
    source = moved_points([[32, 32], [8, 50]], inverse(matrix))
    for (x, y), (column, row) in zip(source, [(32, 32), (8, 50)], strict=True):
        assert square[row, column, 0] == pytest.approx(x, abs=2.5)
        assert square[row, column, 1] == pytest.approx(y, abs=2.5)


def test_over_the_edge_it_is_black_or_goes_on() -> None:
    pixels = np.full((20, 20, 3), 200, np.uint8)
    matrix = square_transform((0.0, 10.0), 40.0, 0.0, 40)
    assert (cut(pixels, matrix, 40)[20, 2] == 0).all()
    assert (cut(pixels, matrix, 40, edge=True)[20, 2] == 200).all()


@given(st.floats(-500, 500), st.floats(-500, 500), st.floats(0.5, 2000))
def test_any_square_can_be_cut(x: float, y: float, side: float) -> None:
    square = cut(gradient(30, 20), square_transform((x, y), side, 0.3, 16), 16)
    assert square.shape == (16, 16, 3) and square.dtype == np.uint8
