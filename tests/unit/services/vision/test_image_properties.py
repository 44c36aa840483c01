"""Quality goes with what is done to a picture; foreground and background are told apart."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.vision.image_properties import ImageQuality, image_properties
from shared.media.boxes import Box
from shared.tasks.reading import Pixels
from tests.unit.services.vision.pictures import coco, plain


def quality(pixels: Pixels) -> ImageQuality:
    return image_properties(pixels, []).quality


def rising(values: list[float]) -> bool:
    return all(one < other for one, other in itertools.pairwise(values))


@pytest.fixture
def photo(shared_directory: Path) -> Pixels:
    return coco(shared_directory, 632).pixels


def test_known_pictures_have_known_values() -> None:
    assert quality(plain((0, 0, 0))) == ImageQuality(0, 0, 0)
    white = quality(plain((255, 255, 255)))
    assert (white.brightness, white.sharpness, white.contrast) == pytest.approx((100, 0, 0), abs=0.01)
    assert quality(plain((119, 119, 119))).brightness == pytest.approx(50, abs=0.2)
    halves = plain((0, 0, 0), 100, 100)
    halves[50:] = 255
    found = quality(halves)
    assert (found.brightness, found.contrast) == pytest.approx((50, 100), abs=0.01)
    # Two of the hundred rows have a slope of 127.5 a pixel.
    assert found.sharpness == pytest.approx(100 * 127.5 / (127.5 + 48), abs=0.1)


def test_the_more_blur_the_less_sharp(photo: Pixels) -> None:
    blurred = [photo, *(np.asarray(cv2.GaussianBlur(photo, (0, 0), sigma)) for sigma in (1, 2, 4, 8))]
    assert rising([-quality(pixels).sharpness for pixels in blurred])


def test_gamma_makes_brighter(photo: Pixels) -> None:
    lighter = [(255 * (photo / 255) ** gamma).astype(np.uint8) for gamma in (3, 2, 1, 0.6, 0.3)]
    assert rising([quality(pixels).brightness for pixels in lighter])


def test_stretching_about_the_middle_adds_contrast(photo: Pixels) -> None:
    stretched = [
        (128 + (photo.astype(float) - 128) * factor).clip(0, 255).astype(np.uint8) for factor in (0.2, 0.5, 1, 1.5)
    ]
    assert rising([quality(pixels).contrast for pixels in stretched])


def test_parts_have_their_own_quality_and_colours() -> None:
    pixels = plain((255, 255, 255), 200, 250)
    pixels[50:150, 100:200] = (200, 0, 0)
    found = image_properties(pixels, [Box(100, 50, 200, 150)])
    assert found.foreground is not None and found.background is not None
    (red,) = found.foreground.dominant_colours
    (white,) = found.background.dominant_colours
    assert (red.simplified_name, white.simplified_name) == ("red", "white")
    assert red.pixel_percent == white.pixel_percent == 100
    assert found.foreground.quality.brightness < found.quality.brightness < found.background.quality.brightness
    assert [each.simplified_name for each in found.dominant_colours] == ["white", "red"]


def test_overlapping_boxes_count_once_and_the_rest_is_background() -> None:
    pixels = plain((255, 255, 255), 100, 100)
    pixels[:60] = (0, 0, 200)
    found = image_properties(pixels, [Box(0, 0, 100, 40), Box(0, 20, 100, 60)])
    assert found.foreground is not None and found.background is not None
    assert [each.simplified_name for each in found.foreground.dominant_colours] == ["blue"]
    assert [each.simplified_name for each in found.background.dominant_colours] == ["white"]


def test_without_objects_all_is_background() -> None:
    found = image_properties(plain((0, 128, 0)), [])
    assert found.foreground is None and found.background is not None
    assert found.background.quality == found.quality
    assert found.background.dominant_colours == found.dominant_colours


def test_a_part_without_pixels_is_none() -> None:
    pixels = plain((0, 128, 0), 50, 50)
    assert image_properties(pixels, [Box(0, 0, 50, 50)]).background is None
    assert image_properties(pixels, [Box(60, 60, 90, 90)]).foreground is None


def test_colours_are_no_more_than_asked_for(photo: Pixels) -> None:
    for most in (1, 4, 12):
        found = image_properties(photo, [Box(50, 50, 300, 300)], most)
        assert found.foreground is not None and found.background is not None
        for part in (found, found.foreground, found.background):
            assert 1 <= len(part.dominant_colours) <= most


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_any_picture_has_a_quality_within_bounds(height: int, width: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    found = image_properties(pixels, [Box(0, 0, width / 2, height / 2)], 3)
    for part in (found, found.foreground, found.background):
        if part is not None:
            values = (part.quality.brightness, part.quality.sharpness, part.quality.contrast)
            assert all(0 <= value <= 100 for value in values)
