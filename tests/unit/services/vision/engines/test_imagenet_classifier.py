"""The classifier: names of the labels file, honest probabilities, and real photographs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.vision.engines.imagenet_classifier import class_names, dequantized, network_input
from shared.tasks.reading import Picture
from tests.unit.services.vision.pictures import coco, plain, puppies

MODEL = "mobilenet-v2-imagenet"


def test_a_class_is_called_by_its_first_word_and_namesakes_get_their_number() -> None:
    text = "background\ntench, Tinca tinca\ncrane\nGila monster, Heloderma\ncrane\n"
    assert class_names(text) == ["background", "tench", "crane 1", "Gila monster", "crane 3"]
    assert class_names("crane\ncrane\n") == ["crane 0", "crane 1"]


@given(st.lists(st.integers(0, 255), min_size=1, max_size=50))
def test_probabilities_keep_their_order_and_never_exceed_one_together(values: list[int]) -> None:
    scores = dequantized(np.array(values, np.uint8), 1 / 256, 0)
    assert (scores >= 0).all() and scores.sum() <= 1 + 1e-5
    assert np.argsort(scores, kind="stable").tolist() == np.argsort(values, kind="stable").tolist()


def test_probabilities_that_fit_are_left_as_they_are() -> None:
    assert dequantized(np.array([128, 64], np.uint8), 1 / 256, 0).tolist() == [0.5, 0.25]


@pytest.mark.parametrize("size", [(1, 1), (100, 900), (900, 100), (600, 800)])
def test_any_picture_fits_the_input(size: tuple[int, int]) -> None:
    values = network_input(plain((10, 200, 30), *size), 224, 224)
    assert values.shape == (1, 224, 224, 3) and values.dtype == np.uint8
    assert (values == (10, 200, 30)).all()


def test_puppies_are_golden_retrievers(load: Callable[[str], Any], shared_directory: Path) -> None:
    (classes,) = load(MODEL).run([puppies(shared_directory)])
    assert classes[0].name == "golden retriever" and classes[0].score > 0.5
    scores = [each.score for each in classes]
    assert scores == sorted(scores, reverse=True) and sum(scores) <= 1 + 1e-5
    assert all(score > 0 for score in scores)


def test_a_batch_gives_what_each_picture_gives_alone(load: Callable[[str], Any], shared_directory: Path) -> None:
    engine, pictures = load(MODEL), [coco(shared_directory, 1818), Picture(plain((90, 90, 90), 7, 5))]
    both = engine.run(pictures)
    assert both == [*engine.run(pictures[:1]), *engine.run(pictures[1:])]
    assert both[0][0].name == "zebra"
