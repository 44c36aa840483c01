from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.vision.faces.quality import quality_of, sharpness_of
from services.vision.tasks import FacePicture, FoundFace
from shared.media.boxes import Box
from shared.tasks.reading import Pixels
from tests.unit.services.vision.faces.pictures import OBAMA, portrait


@pytest.fixture(scope="module")
def pixels(shared_directory: Path) -> Pixels:
    return portrait(shared_directory, "obama.jpg").pixels


def blurred(pixels: Pixels, deviation: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), deviation), np.uint8)


def falling(values: list[float]) -> bool:
    return all(one > other for one, other in pairwise(values))


def test_every_further_blur_lessens_sharpness(pixels: Pixels) -> None:
    pictures = [pixels, *(blurred(pixels, deviation) for deviation in (1, 2, 4, 8, 16, 24))]
    qualities = [quality_of(FacePicture(picture, OBAMA)) for picture in pictures]
    assert falling([quality.sharpness for quality in qualities])
    assert qualities[0].sharpness > 85 and qualities[-1].sharpness < 15
    # Blur does not make it darker.
    assert qualities[-1].brightness == pytest.approx(qualities[0].brightness, abs=2)


def test_fewer_pixels_are_less_sharp(pixels: Pixels) -> None:
    sharpness = []
    for factor in (1.0, 0.3, 0.15, 0.08, 0.05):
        smaller = np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
        face = FoundFace(Box(0, 0, 1, 1), 1.0, OBAMA.points * np.float32(factor))
        sharpness.append(quality_of(FacePicture(smaller, face)).sharpness)
    assert falling(sharpness)


def test_brightness_follows_gamma_and_sharpness_hardly(pixels: Pixels) -> None:
    scaled = [np.asarray(255 * (pixels / 255.0) ** gamma, np.uint8) for gamma in (0.5, 0.8, 1.0, 1.5, 3.0)]
    qualities = [quality_of(FacePicture(picture, OBAMA)) for picture in scaled]
    assert falling([quality.brightness for quality in qualities])
    assert all(quality.sharpness > 80 for quality in qualities)


def test_contrast_does_not_count(pixels: Pixels) -> None:
    pale = np.asarray(100 + pixels * 0.5, np.uint8)
    whole, half = (quality_of(FacePicture(picture, OBAMA)).sharpness for picture in (pixels, pale))
    assert half == pytest.approx(whole, abs=2)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_plain_face_is_not_sharp(level: int) -> None:
    quality = quality_of(FacePicture(np.full((400, 400, 3), level, np.uint8), OBAMA))
    assert quality.sharpness == 0
    assert quality.brightness == pytest.approx(level / 2.55)


def test_the_black_beyond_the_edge_does_not_count(pixels: Pixels) -> None:
    left = 470
    half = FoundFace(OBAMA.box.moved(-left, 0), 1.0, OBAMA.points - np.array([left, 0], np.float32))
    cropped, whole = quality_of(FacePicture(pixels[:, left:], half)), quality_of(FacePicture(pixels, OBAMA))
    assert cropped.brightness == pytest.approx(whole.brightness, abs=10)


def test_noise_is_as_sharp_as_it_gets() -> None:
    noise = np.random.default_rng(0).uniform(0, 255, (112, 112)).astype(np.float32)
    assert 98 < sharpness_of(noise) <= 100
