"""Confidences out of classes; then the real models on harmless pictures, which must raise no alarm."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.vision.engines.nsfwjs import CLASSES
from services.vision.moderation.moderator import Moderator, confidences
from services.vision.moderation.taxonomy import moderation_taxonomy
from services.vision.tasks import ImageClass
from shared import errors
from shared.models.store import ModelStore
from shared.runtime.runtime import Runtime
from shared.tasks.reading import Picture
from tests.unit.services.vision.pictures import coco, photograph, plain
from tests.unit.services.vision.runtimes import runtime_with

MODERATION, CLASSIFIER = "nsfwjs-mobilenet-v2", "mobilenet-v2-imagenet"


def said(vocabulary: str, **scores: float) -> dict[str, float]:
    classes = [ImageClass(name.replace("_", " "), score) for name, score in scores.items()]
    return {concept.name: score for concept, score in confidences(classes, vocabulary, moderation_taxonomy()).items()}


def test_photographs_and_drawings_add_up_to_explicit() -> None:
    assert said("moderation", porn=0.5, hentai=0.25, sexy=0.125, neutral=0.125) == {
        "Explicit": 75,
        "Non-Explicit Nudity of Intimate parts and Kissing": 12.5,
    }
    assert said("moderation", neutral=0.5, drawing=0.5) == {}


def test_swimwear_makes_its_parent_as_sure() -> None:
    assert said("imagenet", bikini=0.5, brassiere=0.25, swimming_trunks=0.25) == {
        "Female Swimwear or Underwear": 75,
        "Male Swimwear or Underwear": 25,
        "Swimwear or Underwear": 100,
    }


def test_a_glass_is_no_drink_and_a_bottle_of_wine_is() -> None:
    assert said("imagenet", goblet=0.9, beer_glass=0.1) == {}
    assert said("imagenet", wine_bottle=0.5) == {"Alcoholic Beverages": 50, "Alcohol": 50}


@given(st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_no_label_is_less_sure_than_one_below_it(weights: list[float]) -> None:
    total = sum(weights) or 1.0
    classes = [ImageClass(name, weight / total) for name, weight in zip(CLASSES, weights, strict=True)]
    scores = confidences(classes, "moderation", moderation_taxonomy())
    for concept, score in scores.items():
        assert 0 <= score <= 100
        assert concept.parent is None or scores[concept.parent] >= score


@pytest.fixture
async def runtime(tmp_path: Path, models: ModelStore) -> AsyncIterator[Runtime]:
    both = runtime_with(tmp_path / "both", models, MODERATION, CLASSIFIER)
    yield both
    await both.close()


@pytest.mark.slow
async def test_harmless_photographs_raise_no_alarm(runtime: Runtime, shared_directory: Path) -> None:
    moderator = Moderator(runtime)
    folder = shared_directory / "data" / "vision"
    files = [
        *folder.glob("coco_val_yolo/images/*.jpg"),
        *folder.glob("google_vision/*.*g"),
        *folder.glob("faces_ageitgey/*.*g"),
    ]
    assert len(files) > 80
    alarms = {}
    for file in files:
        answer = await moderator.moderate(photograph(file), 50)
        if answer.labels:
            alarms[file.name] = answer.labels
    assert alarms == {}


async def test_drawn_pictures_raise_no_alarm(runtime: Runtime) -> None:
    checks = np.kron(np.indices((8, 8)).sum(axis=0) % 2 * 255, np.ones((40, 40))).astype(np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3)).astype(np.uint8)
    moderator = Moderator(runtime)
    for pixels in (plain((255, 255, 255)), plain((30, 90, 160)), np.stack([checks] * 3, axis=2), noise):
        answer = await moderator.moderate(Picture(pixels), 50)
        assert answer.labels == () and answer.models == (MODERATION, CLASSIFIER)


async def test_asked_for_everything_the_answer_is_in_order(runtime: Runtime, shared_directory: Path) -> None:
    answer = await Moderator(runtime).moderate(coco(shared_directory, 11699), 0)
    confidence = {label.name: label.confidence for label in answer.labels}
    assert {"Explicit", "Non-Explicit Nudity of Intimate parts and Kissing"} <= set(confidence)
    assert [label.confidence for label in answer.labels] == sorted(confidence.values(), reverse=True)
    for label in answer.labels:
        assert (label.parent_name == "") == (label.level == 1)
        assert label.level == 1 or confidence[label.parent_name] >= label.confidence
    assert [name for name, _ in answer.content_types] == ["Illustrated"]


async def test_the_moderation_model_alone_answers(tmp_path: Path, models: ModelStore) -> None:
    runtime = runtime_with(tmp_path / "one", models, MODERATION)
    answer = await Moderator(runtime).moderate(Picture(plain((200, 200, 200))), 0)
    await runtime.close()
    assert answer.models == (MODERATION,)


async def test_without_the_moderation_model_the_message_names_the_command(tmp_path: Path, models: ModelStore) -> None:
    runtime = runtime_with(tmp_path / "none", models, CLASSIFIER)
    with pytest.raises(errors.ModelNotInstalled, match="nonet models pull nsfwjs"):
        await Moderator(runtime).moderate(Picture(plain((200, 200, 200))))
    await runtime.close()
