"""The bars of faces on the annotated pictures; all figures: bench/quality/faces.py."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bench.quality import faces as bench
from services.vision.faces.pose import AVERAGE_FACE
from shared.models.store import ModelStore
from tests.vision_models import data_directory

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data(shared_directory: Path) -> Path:
    folder = shared_directory / "data" / "vision"
    if not folder.is_dir():
        pytest.skip("NONET_SHARED has no pictures")
    return folder


@pytest.fixture(scope="module")
def looked(data: Path) -> bench.Bench:
    """Every picture, looked at once."""
    return bench.Bench(ModelStore(data_directory()), bench.examples(data))


def measured(looked: bench.Bench, suites: Sequence[str]) -> dict[str, float]:
    async def run() -> dict[str, float]:
        rows = [row for suite in suites for row in await bench.SUITES[suite](looked)]
        await looked.runtime.close()
        return {what: value for what, _, value, _ in rows}

    return asyncio.run(run())


def test_every_annotated_face_is_found_and_nothing_else_but_three_dogs(looked: bench.Bench) -> None:
    rows = measured(looked, ["detection"])
    assert rows["annotated faces"] == 65
    assert rows["of these found, %"] == 100
    assert rows["wrong faces"] <= 3


def test_faces_of_all_sizes_are_found(looked: bench.Bench) -> None:
    async def run() -> list[tuple[str, float]]:
        rows = await bench.sizes(looked)
        await looked.runtime.close()
        return [(where, value) for _, where, value, _ in rows]

    value = dict(asyncio.run(run()))
    assert value["known faces"] >= 99
    assert value["1280 x 960"] >= 99 and value["2560 x 1440"] >= 96 and value["3840 x 2400"] >= 78


def test_known_people_are_told_apart_at_the_default_threshold(looked: bench.Bench) -> None:
    rows = measured(looked, ["verification"])
    assert rows["errors at similarity 80"] == 0
    # With room to spare on both sides of the network's own 0.6, faces cut off at the edge of the picture included.
    assert rows["greatest distance, same person"] < 0.5
    assert rows["least distance, two people"] > 0.65


def test_attributes_say_what_the_eye_does(looked: bench.Bench) -> None:
    rows = measured(looked, ["attributes"])
    assert rows["gender, % right"] >= 92
    assert rows["smile, % right"] >= 92
    assert rows["mouth, % right"] >= 88
    assert rows["eyes, % right"] >= 95
    assert rows["age range meets the known one, %"] >= 90
    assert rows["eye direction, mean |yaw|"] < 7 and rows["eye direction, mean |pitch|"] < 5


def test_bad_pictures_are_known_as_far_as_the_quality_filter_lets_them_pass(looked: bench.Bench) -> None:
    rows = measured(looked, ["limits"])
    for what in ("24 pixels tall", "blur 3/112", "0.125 of the light"):
        assert rows[f"distance from itself, {what}"] < 0.6
    assert rows["distance from itself, 20 pixels tall"] > rows["distance from itself, 40 pixels tall"]


def test_the_average_face_is_that_of_the_annotated_ones(looked: bench.Bench) -> None:
    async def run() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        face = await bench.average_face(looked)
        await looked.runtime.close()
        return face

    assert asyncio.run(run()) == pytest.approx(AVERAGE_FACE, abs=0.01)
