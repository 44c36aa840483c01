"""Dominant colours: what there is most of, what it is called, and the table of CSS's names."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageColor

from services.vision.colours import _css_colours, crop, dominant_colours, to_lab
from shared.media.boxes import Box
from tests.unit.services.vision.pictures import plain

SIMPLE = {"black", "blue", "brown", "cyan", "green", "grey", "orange", "pink", "purple", "red", "white", "yellow"}


def test_the_table_has_the_names_and_values_of_css() -> None:
    names, plain_names, table = _css_colours()
    assert len(names) == 148 and set(names) == set(ImageColor.colormap)
    assert set(plain_names) == SIMPLE
    values = np.array([ImageColor.getrgb(name) for name in names], np.uint8)
    np.testing.assert_allclose(to_lab(values), table, atol=1e-4)


def test_lab_of_known_colours() -> None:
    # L*, a*, b* of sRGB's white, red and mid grey under D65.
    lab = to_lab(np.array([[255, 255, 255], [255, 0, 0], [119, 119, 119]], np.uint8))
    assert lab == pytest.approx(np.array([[100, 0, 0], [53.24, 80.09, 67.2], [50.03, 0, 0]]), abs=0.2)


@pytest.mark.parametrize(
    ("colour", "css", "simple"),
    [
        ((255, 0, 0), "red", "red"),
        ((250, 5, 8), "red", "red"),
        ((0, 0, 0), "black", "black"),
        ((254, 254, 254), "white", "white"),
        ((128, 128, 128), "gray", "grey"),
        ((128, 97, 63), None, "brown"),
        ((90, 48, 20), "saddlebrown", "brown"),
        ((0, 128, 0), "green", "green"),
        ((0, 0, 128), "navy", "blue"),
        ((135, 206, 235), "skyblue", "blue"),
        ((255, 192, 203), "pink", "pink"),
        ((255, 165, 0), "orange", "orange"),
        ((255, 255, 0), "yellow", "yellow"),
        ((128, 0, 128), "purple", "purple"),
        ((0, 255, 255), None, "cyan"),
    ],
)
def test_a_plain_picture_has_one_colour_and_its_name(
    colour: tuple[int, int, int], css: str | None, simple: str
) -> None:
    (found,) = dominant_colours(plain(colour), 10)
    assert (found.red, found.green, found.blue) == pytest.approx(colour, abs=1)
    assert found.pixel_percent == 100 and found.simplified_name == simple
    assert css is None or found.css_name == css
    assert bytes.fromhex(found.hex_code[1:]) == bytes([found.red, found.green, found.blue])


def test_shares_are_those_of_the_pixels_the_greatest_first() -> None:
    pixels = plain((255, 255, 255), 100, 100)
    pixels[:30] = (200, 0, 0)
    pixels[30:40] = (0, 0, 200)
    found = dominant_colours(pixels, 10)
    assert [each.simplified_name for each in found] == ["white", "red", "blue"]
    assert [each.pixel_percent for each in found] == pytest.approx([60, 30, 10], abs=2)


def test_the_most_frequent_are_kept_when_there_are_more_than_asked_for() -> None:
    pixels = plain((255, 255, 255), 100, 100)
    pixels[:40], pixels[40:45] = (200, 0, 0), (0, 0, 200)
    assert [each.simplified_name for each in dominant_colours(pixels, 2)] == ["white", "red"]


def test_shades_that_look_alike_are_one_colour() -> None:
    random = np.random.default_rng(5)
    pixels = (np.array([120, 60, 30]) + random.normal(0, 3, (80, 80, 3))).clip(0, 255).astype(np.uint8)
    (found,) = dominant_colours(pixels, 10)
    assert (found.red, found.green, found.blue) == pytest.approx((120, 60, 30), abs=3)


def test_a_few_stray_pixels_are_no_dominant_colour() -> None:
    pixels = plain((255, 255, 255), 100, 100)
    pixels[0, :50] = (200, 0, 0)
    (found,) = dominant_colours(pixels, 10)
    assert found.simplified_name == "white" and found.pixel_percent > 99


def test_none_asked_for_or_no_pixels_give_none() -> None:
    assert dominant_colours(plain((1, 2, 3)), 0) == []
    assert dominant_colours(np.empty((0, 3), np.uint8), 5) == []


@given(st.integers(0, 2**32 - 1), st.integers(1, 3000), st.integers(1, 12))
def test_any_pixels_have_colours_the_most_frequent_first(seed: int, count: int, most: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (count, 3)).astype(np.uint8)
    found = dominant_colours(pixels, most)
    assert 1 <= len(found) <= most
    assert sum(each.pixel_percent for each in found) <= 100 + 1e-6
    assert [each.pixel_percent for each in found] == sorted((each.pixel_percent for each in found), reverse=True)
    assert dominant_colours(pixels, most) == found


def test_a_crop_ends_at_the_edge_and_may_be_empty() -> None:
    pixels = plain((1, 2, 3), 50, 80)
    assert crop(pixels, Box(-10, 10, 30, 90)).shape == (40, 30, 3)
    assert crop(pixels, Box(200, 10, 300, 20)).size == 0
