"""YOLOX: its boxes by hand, then real photographs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.vision.engines import yolox
from shared.tasks.reading import Picture
from tests.unit.services.vision.pictures import coco, plain

MODEL = "yolox-nano-coco"


def test_centres_are_offsets_from_cells_and_sizes_logarithms() -> None:
    values = np.array([[0.5, 0.25, np.log(2), np.log(4)]], np.float32)
    boxes = yolox.decoded(values, np.array([[3, 5]], np.float32), np.array([16], np.float32))
    assert boxes == pytest.approx(np.array([[56 - 16, 84 - 32, 56 + 16, 84 + 32]]), abs=1e-3)


def test_the_picture_lies_in_the_corner_in_blue_green_red() -> None:
    values, scale = yolox.network_input(plain((255, 128, 0), height=100, width=200))
    assert values.shape == (1, 3, 416, 416) and scale == pytest.approx(2.08)
    assert values[0, :, 0, 0].tolist() == [0, 128, 255] and values[0, :, 207, 415].tolist() == [0, 128, 255]
    assert values[0, :, 208, 0].tolist() == [114, 114, 114]


def test_a_zebra_is_where_it_is(load: Callable[[str], Any], shared_directory: Path) -> None:
    picture = coco(shared_directory, 1818)
    (found,) = load(MODEL).run([picture])
    height, width = picture.pixels.shape[:2]
    assert found[0].name == "zebra" and found[0].score > 0.7
    assert 0 <= found[0].box.left < found[0].box.right <= width and found[0].box.bottom <= height
    assert found[0].box.area > 0.1 * width * height


def test_both_detectors_agree_on_what_is_plain_to_see(load: Callable[[str], Any], shared_directory: Path) -> None:
    picture = coco(shared_directory, 885)
    mine, theirs = (load(model).run([picture])[0] for model in (MODEL, "picodet-s-coco"))
    first = max((each for each in mine if each.name == "person"), key=lambda each: each.score)
    assert max(first.box.overlap(each.box) for each in theirs if each.name == "person") > 0.7


def test_a_batch_gives_what_each_picture_gives_alone(load: Callable[[str], Any], shared_directory: Path) -> None:
    engine, pictures = load(MODEL), [coco(shared_directory, 139), Picture(plain((0, 0, 0), 1, 9))]
    assert engine.run(pictures) == [*engine.run(pictures[:1]), *engine.run(pictures[1:])]
